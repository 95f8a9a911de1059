"""Plain lines, as a log file keeps them."""

import io

import pytest

from orchestrator.progress.events import (
    ExperimentFinished,
    ExperimentStarted,
    IntervalDone,
    RunCompleted,
    RunFailed,
    RunStarted,
    RunStopped,
    Warned,
)
from orchestrator.progress.plain_view import PlainView
from workers.records import RunId

RUN = RunId("base", 101)
STARTED = ExperimentStarted("published-study", "runs/published-study", num_runs=6, num_intervals=21, num_slots=2)


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


class CountingStream(io.StringIO):
    """Counts how often it is flushed."""

    num_flushes = 0

    def flush(self) -> None:
        self.num_flushes += 1


def test_events_alone_give_complete_lines(stream, make_record):
    with PlainView(stream) as view:
        view.show(STARTED)
        view.show(RunStarted(RUN, attempt=1, slot="node:0"))
        view.show(IntervalDone(make_record(0, val_loss=8.321)))
        view.show(IntervalDone(make_record(3, val_loss=2.8831)))
        view.show(IntervalDone(make_record(10, val_loss=2.9)))
        view.show(RunCompleted(RUN, attempt=1))
        view.show(ExperimentFinished("published-study", "runs/published-study", 0, num_rows=126, num_expected_rows=126))

    # Left after interval 3: (20,000,000 - 3,000,320) / 6,012.4 = 2,827 s = 47 min.
    assert stream.getvalue().splitlines() == [
        "experiment published-study  6 runs x 21 intervals (0 to 20)  2 at a time  in runs/published-study",
        "seed 101  started on node:0",
        "seed 101  interval  0/20  tokens 0  train     -  val 8.321  best 8.321 @0        - tokens/s  left -",
        "seed 101  interval  3/20  tokens  3,000,320  train 3.085  val 2.883  best 2.883 @3  "
        "  6,012 tokens/s  left 47 min",
        "seed 101  interval 10/20  tokens 10,000,384  train 3.085  val 2.900  best 2.883 @3  "
        "  6,012 tokens/s  left 28 min",
        "seed 101  completed",
        "experiment published-study  complete  126 of 126 rows  in runs/published-study",
    ]


def test_one_line_per_interval_and_run(stream, make_record):
    with PlainView(stream) as view:
        for interval in range(21):
            for seed in (101, 202, 303):
                view.show(IntervalDone(make_record(interval, val_loss=2.9, seed=seed)))

    assert len([line for line in stream.getvalue().splitlines() if "interval" in line]) == 63
    assert "\x1b" not in stream.getvalue()


def test_snapshot_supplies_what_was_before_a_resume(stream, make_record, make_run, make_snapshot):
    with PlainView(stream) as view:
        view.show(STARTED)
        view.update(make_snapshot(make_run()))  # best 2.800 @4, up to interval 6
        view.show(IntervalDone(make_record(7, val_loss=2.85)))

    assert "val 2.850  best 2.800 @4 " in stream.getvalue()
    assert "tokens  7,000,064 " in stream.getvalue()


def test_what_was_before_a_view_looked_on_is_one_line_per_run_and_warning(
    stream, make_record, make_run, make_completed, make_waiting, make_snapshot
):
    with PlainView(stream) as view:
        view.update(make_snapshot(make_completed(101), make_run(202, attempt=2), make_waiting(303)))
        view.look_back(
            [
                RunStarted(RunId("base", 101), attempt=1, slot="node:0"),
                IntervalDone(make_record(0, val_loss=8.321)),
                Warned("A retry was needed."),
                RunCompleted(RunId("base", 101), attempt=1),
            ]
        )

    assert stream.getvalue().splitlines() == [
        "seed 101  interval 20/20  tokens 20,000,768  train 2.957  val 2.743  best 2.743 @20   6,012 tokens/s"
        "  completed",
        "seed 202  interval  6/20  tokens  6,500,352  train 2.954  val 2.812  best 2.800 @4    6,012 tokens/s  training"
        "  attempt 2",
        "seed 303  interval  -/20  tokens          0  train     -  val     -  best -               - tokens/s  waiting",
        "warning: A retry was needed.",
    ]


def test_failures_stops_and_retries_have_their_line(stream):
    with PlainView(stream) as view:
        view.show(RunFailed(RUN, attempt=1, kind="NonFiniteLossError", message="loss is nan\n\x1b[31mat step 51"))
        view.show(RunStarted(RUN, attempt=2, slot="node:1"))
        view.show(RunStopped(RunId("wide", 101), attempt=1, step=1464))
        view.show(Warned("threads_per_run=1 leaves 1 core idle"))
        view.show(ExperimentFinished("a", "runs/a", exit_code=3, num_rows=100, num_expected_rows=126))

    assert stream.getvalue().splitlines() == [
        "seed 101  attempt 1 failed: NonFiniteLossError: loss is nan [31mat step 51",
        "seed 101  started on node:1  attempt 2",
        "wide  seed 101  stopped at step 1,464",
        "warning: threads_per_run=1 leaves 1 core idle",
        "experiment a  ended with exit code 3  100 of 126 rows  in runs/a",
    ]


def test_every_line_is_flushed():
    stream = CountingStream()
    view = PlainView(stream)
    view.show(RunCompleted(RUN, attempt=1))

    assert stream.num_flushes == 1


def test_characters_that_the_stream_lacks_do_not_stop_it():
    raw = io.BytesIO()
    with PlainView(io.TextIOWrapper(raw, encoding="ascii")) as view:
        view.show(Warned("größer"))

    assert raw.getvalue().replace(b"\r", b"") == b"warning: gr\\xf6\\xdfer\n"
