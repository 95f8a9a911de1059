"""The live view on a pretended terminal whose bytes are kept, with a clock that the test moves."""

import io
from datetime import datetime

import pytest
from rich.console import Console

from orchestrator.progress.events import ExperimentStarted, RunFailed, RunStarted, Warned
from orchestrator.progress.live_view import LiveView
from orchestrator.run_state import RunState
from workers.records import RunId

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


class FakeClock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class ForeignStream(io.StringIO):
    """A stream with an encoding other than UTF-8."""

    encoding = "cp1252"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def terminal() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def view(terminal, clock) -> LiveView:
    console = Console(
        file=terminal, force_terminal=True, width=80, height=20, color_system=None, legacy_windows=False, _environ={}
    )
    return LiveView(console, clock=clock, now=lambda: datetime(2025, 3, 4, 14, 30))


def test_at_most_four_redraws_a_second(view, terminal, clock, make_run, make_snapshot):
    with view:
        for _ in range(100):  # ten seconds, an update every tenth
            view.update(make_snapshot(make_run()))
            clock.now_s += 0.1
        num_draws = terminal.getvalue().count("published-study")

    assert 30 <= num_draws <= 40


def test_newest_snapshot_is_what_stays(view, terminal, make_run, make_completed, make_snapshot):
    with view:
        view.update(make_snapshot(make_run(101)))
        view.update(make_snapshot(make_completed(101), is_finished=True))  # within the same quarter second

    assert terminal.getvalue().rsplit("published-study", 1)[-1].count("ended after 42 min") == 1


def test_what_stays_holds_every_run(view, terminal, clock, make_waiting, make_snapshot):
    with view:
        view.update(make_snapshot(*[make_waiting(seed) for seed in range(200, 240)]))
        drawn = terminal.getvalue()

    left = terminal.getvalue()[len(drawn) :]
    assert "239 waiting" not in drawn
    assert all(f"{seed} waiting" in left for seed in range(200, 240))


def test_what_takes_seconds_is_said_before_the_view_is_entered(view, terminal, make_run, make_snapshot):
    view.prepare("starting Ray")
    said = terminal.getvalue()
    with view:
        view.update(make_snapshot(make_run()))

    assert said == "starting Ray ...\n"


def test_what_begins_is_said_before_there_is_a_table(view, terminal, make_run, make_snapshot):
    with view:
        view.show(ExperimentStarted(name="study", run_dir="runs/study", num_runs=6, num_intervals=21, num_slots=2))
        said = terminal.getvalue()
        view.update(make_snapshot(make_run()))

    assert "6 runs x 21 intervals" in said
    assert terminal.getvalue().index("runs/study") < terminal.getvalue().index("published-study")


def test_warnings_and_failures_go_above_the_table(view, terminal, clock, make_run, make_snapshot):
    with view:
        view.update(make_snapshot(make_run()))
        clock.now_s += 1
        view.show(Warned("the disk is [bold]nearly[/] full\x1b[2J"))
        view.show(RunFailed(RunId("base", 303), attempt=1, kind="OSError", message="no space"))
        view.show(RunStarted(RunId("base", 404), attempt=1, slot="node:0"))
        start = len(terminal.getvalue())
        view.update(make_snapshot(make_run()))
        drawn = terminal.getvalue()[start:]

    warning = drawn.index("warning: the disk is [bold]nearly[/] full [2J")
    failure = drawn.index("seed 303  attempt 1 failed: OSError: no space")
    assert warning < failure < drawn.index("published-study")
    assert "404" not in terminal.getvalue()


def test_warning_before_the_end_is_not_lost(view, terminal, make_run, make_snapshot):
    with view:
        view.update(make_snapshot(make_run()))
        view.show(Warned("one row is missing"))

    assert "warning: one row is missing" in terminal.getvalue()


def test_cursor_comes_back_after_an_exception(view, terminal, make_run, make_snapshot):
    with pytest.raises(KeyboardInterrupt), view:
        view.update(make_snapshot(make_run()))
        raise KeyboardInterrupt

    output = terminal.getvalue()
    assert output.count(HIDE_CURSOR) == output.count(SHOW_CURSOR) == 1
    assert output.index(HIDE_CURSOR) < output.rindex("published-study") < output.index(SHOW_CURSOR)


def test_cursor_comes_back_when_the_last_drawing_fails(terminal, make_run, make_snapshot):
    def now() -> datetime:
        raise OSError("no clock")

    console = Console(file=terminal, force_terminal=True, width=80, height=20, _environ={})
    with pytest.raises(OSError, match="no clock"), LiveView(console, clock=lambda: 0.0, now=now) as view:
        view.update(make_snapshot(make_run(state=RunState.TRAINING)))

    assert SHOW_CURSOR in terminal.getvalue()


def test_other_encodings_get_ascii(clock, make_run, make_snapshot):
    stream = ForeignStream()
    console = Console(file=stream, force_terminal=True, width=80, height=20, color_system=None, _environ={})
    with LiveView(console, clock=clock, now=lambda: datetime(2025, 3, 4)) as view:
        view.update(make_snapshot(make_run()))

    assert stream.getvalue().isascii()


def test_entering_and_leaving_without_data_draws_no_table(view, terminal):
    with view:
        pass

    assert "tokens" not in terminal.getvalue()
