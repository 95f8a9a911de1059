"""The table as text at the sizes that people have."""

import io
import re
from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from orchestrator.progress.formatting import compact_count, compact_duration, loss, rate
from orchestrator.progress.glyphs import ASCII, UNICODE, Glyphs
from orchestrator.progress.live_table import render
from orchestrator.progress.snapshot import RunView, Snapshot
from orchestrator.run_state import RunState
from workers.records import RunId

NOW = datetime(2025, 3, 4, 14, 30)


@pytest.fixture(scope="session")
def lines_of() -> Callable[..., list[str]]:
    """Renders a snapshot to plain lines, on a console that is wider, so that any overflow shows."""

    def lines(snapshot: Snapshot, *, width: int, height: int, glyphs: Glyphs = UNICODE) -> list[str]:
        stream = io.StringIO()
        console = Console(file=stream, width=500, color_system=None, legacy_windows=False)
        console.print(render(snapshot, width=width, height=height, now=NOW, glyphs=glyphs))
        return stream.getvalue().split("\n")[:-1]

    return lines


@pytest.fixture(scope="session")
def busy(make_run, make_waiting, make_completed, make_snapshot) -> Snapshot:
    """One run in each of the states that matter."""
    failed = make_run(303, state=RunState.FAILED, message="NonFiniteLossError: loss is nan\nat step 2931")
    return make_snapshot(make_completed(101), make_run(202), failed, make_waiting(404))


@pytest.fixture(scope="session")
def forty(make_run, make_waiting, make_completed, make_snapshot) -> Snapshot:
    """Forty runs: 14 completed, 3 training, 1 failed, 22 waiting."""
    completed = [make_completed(seed, best=2.743 + seed / 10_000) for seed in range(100, 114)]
    failed = make_run(114, state=RunState.FAILED, message="no memory")
    training = [make_run(seed) for seed in range(115, 118)]
    return make_snapshot(*completed, failed, *training, *[make_waiting(seed) for seed in range(118, 140)], num_slots=4)


def test_table_at_80_columns(lines_of, busy):
    assert lines_of(busy, width=80, height=24) == [
        "published-study   1 failed · 1 training · 1 completed · 1 waiting",
        "seed state     interval tokens train   val best val  trend          tok/s   left",
        " 101 completed    20/20  20.0M 2.957 2.743 2.743 @20 ████████████▁  6,012      -",
        " 202 training      6/20   6.5M 2.954 2.812 2.800 @4  █▇▅▃▁▃▁        6,012 37 min",
        " 303 failed        6/20   6.5M 2.954 2.812 2.800 @4  █▇▅▃▁▃▁        6,012      -",
        "  failed: NonFiniteLossError: loss is nan at step 2931",
        " 404 waiting       -/20      0     -     - -                            -      -",
        "loss in nats per token · @ interval · trend: newest 13 val losses, log scale",
        "██████░░░░░░░░░░  41 %  33.0M of 80.0M tokens  55 min left, ends about 15:25",
    ]


def test_table_at_60_columns_loses_tokens_and_speed(lines_of, busy):
    assert lines_of(busy, width=60, height=24)[1:4:2] == [
        "seed state      done train   val best val  trend        left",
        " 202 training   6/20 2.954 2.812 2.800 @4  █▇▅▃▁▃▁    37 min",
    ]


def test_table_at_40_columns_keeps_state_progress_loss_and_time(lines_of, busy):
    assert lines_of(busy, width=40, height=24)[1:4:2] == [
        "seed  state      interval    val    left",
        " 202  training       6/20  2.812  37 min",
    ]


def test_table_at_120_columns_adds_the_slot_and_spells_headers_out(lines_of, busy):
    assert lines_of(busy, width=120, height=24)[1:4:2] == [
        "seed  state      interval  tokens  train loss  val loss  best val loss  val loss trend       tokens/s"
        "  time left  slot",
        " 202  training       6/20    6.5M       2.954     2.812  2.800 @4       █▇▅▃▁▃▁                 6,012"
        "     37 min  node:0",
    ]


def test_every_number_is_whole_at_every_width(lines_of, busy):
    whole = {"0"}
    for run in busy.runs:
        whole |= {
            str(run.run.seed),
            f"{'-' if run.last_interval is None else run.last_interval}/{run.num_intervals - 1}",
            compact_count(run.tokens),
        }
        whole |= {
            loss(run.train_loss),
            loss(run.best_val_loss),
            f"@{run.best_interval}",
            rate(run.tokens_per_s),
            run.slot,
        }
        whole |= {loss(run.val_losses[-1] if run.val_losses else None), *compact_duration(run.remaining_s).split()}

    for width in range(40, 161):
        rows = [line for line in lines_of(busy, width=width, height=24) if re.match(r" +\d0\d ", line)]

        assert len(rows) == 4
        assert {word for row in rows for word in row.split() if re.search(r"\d", word)} <= whole


def test_experiment_that_nobody_runs_tells_no_time(lines_of, make_run, make_snapshot):
    lines = lines_of(make_snapshot(make_run(), elapsed_s=None, is_finished=True), width=80, height=24)

    assert lines[0] == "published-study   1 training"
    assert lines[-1].endswith("  ended")


def test_table_without_data_says_that_the_end_is_unknown(lines_of, make_run, make_waiting, make_snapshot):
    starting = make_run(
        101, state=RunState.STARTING, last_interval=None, tokens=0, train_loss=None, val_losses=(), tokens_per_s=None
    )
    lines = lines_of(make_snapshot(starting, make_waiting(202), elapsed_s=0.0), width=80, height=24)

    assert lines[0] == "published-study   1 starting · 1 waiting   elapsed 0 s"
    assert lines[2] == " 101 starting      -/20      0     -     - -                            -      -"
    assert lines[-1].endswith("  0 %  0 of 40.0M tokens  time left not known yet")


def test_finished_table_tells_how_long_it_took(lines_of, make_completed, make_snapshot):
    lines = lines_of(make_snapshot(make_completed(101), is_finished=True), width=80, height=24)

    assert lines[-1].endswith("█  100 %  20.0M of 20.0M tokens  ended after 42 min")


def test_forty_runs_on_twenty_rows_show_what_is_running_or_failed(lines_of, forty):
    lines = lines_of(forty, width=80, height=20)

    assert len(lines) == 20
    assert lines[0] == "published-study   1 failed · 3 training · 14 completed · 22 waiting"
    assert [line.split()[0] for line in lines[2:18]] == [str(seed) for seed in (*range(100, 112), 114, 115, 116, 117)]
    assert lines[18] == "not shown: 2 completed, best val 2.754 to 2.754 · 22 waiting"


def test_forty_runs_on_eight_rows_keep_the_failed_one(lines_of, forty):
    lines = lines_of(forty, width=80, height=8)

    assert [line.split()[1] for line in lines[2:6]] == ["failed", "training", "training", "training"]
    assert lines[6] == "not shown: 14 completed, best val 2.753 to 2.754 · 22 waiting"


def test_more_running_runs_than_rows_are_counted(lines_of, make_run, make_snapshot):
    runs = [make_run(seed) for seed in range(100, 140)]

    assert lines_of(make_snapshot(*runs, num_slots=40), width=80, height=20)[18] == "not shown: 24 training"


def test_seeds_of_ten_digits_keep_every_essential_column(lines_of, make_run, make_snapshot):
    lines = lines_of(make_snapshot(make_run(4_294_967_295)), width=80, height=24)

    assert lines[1:3] == [
        "      seed state      done tokens train   val best val  trend       tok/s   left",
        "4294967295 training   6/20   6.5M 2.954 2.812 2.800 @4  █▇▅▃▁▃▁     6,012 37 min",
    ]


def test_conditions_are_a_column_only_when_they_differ(lines_of, make_run, make_snapshot):
    alone = lines_of(make_snapshot(make_run(condition="wide")), width=80, height=24)
    both = lines_of(make_snapshot(make_run(condition="wide"), make_run(condition="narrow")), width=80, height=24)

    assert "wide" not in "".join(alone)
    assert [line.split()[0] for line in both[1:4]] == ["cond", "wide", "narrow"]


def test_long_condition_names_lose_their_middle(lines_of, make_run, make_snapshot):
    name = "width-256-depth-4-lr-0.0004-batch-2048-warmup-1000000-tokens-xyz"
    snapshot = make_snapshot(make_run(condition=name), make_run(condition="base"))

    assert len(name) == 64
    # Names get a sixth of the line and what is spare: 14, 10 and all cells.
    assert lines_of(snapshot, width=80, height=24)[2].split()[0] == "width-2…ns-xyz"
    assert lines_of(snapshot, width=40, height=24)[2].split()[0] == "width…-xyz"
    assert lines_of(snapshot, width=200, height=24)[2].split()[0] == name


def test_a_second_attempt_is_shown_where_there_is_room(lines_of, make_run, make_snapshot):
    snapshot = make_snapshot(make_run(attempt=2))

    assert "attempt" in lines_of(snapshot, width=120, height=24)[1].split()
    assert "attempt" not in lines_of(make_snapshot(make_run()), width=120, height=24)[1]


def test_markup_and_escapes_from_configs_are_shown_as_text(lines_of, make_run, make_snapshot):
    snapshot = make_snapshot(make_run(), name="[red]a[/]\x1b[0m:smile:", note="[bold]\x1b]0;b\x07")
    text = "\n".join(lines_of(snapshot, width=80, height=24))

    assert "[red]a[/] [0m:smile:" in text
    assert "[bold] ]0;b" in text
    assert "\x1b" not in text


def test_note_stands_above_the_bar(lines_of, busy, make_snapshot):
    snapshot = make_snapshot(*busy.runs, note="stopping at the next interval")

    assert lines_of(snapshot, width=80, height=24)[-2] == "stopping at the next interval"


def test_ascii_glyphs_give_ascii_lines(lines_of, make_run, make_snapshot):
    snapshot = make_snapshot(make_run(condition="größe"), make_run(condition="x" * 64), name="é")

    for width in (40, 80, 120):
        assert "\n".join(lines_of(snapshot, width=width, height=24, glyphs=ASCII)).isascii()


def test_state_is_readable_without_colour(lines_of, busy):
    states = [line.split()[1] for line in lines_of(busy, width=80, height=24) if re.match(r" +\d0\d ", line)]

    assert states == ["completed", "training", "failed", "waiting"]


def test_columns_stay_in_place_while_numbers_arrive(lines_of, make_run, make_waiting, make_snapshot):
    before = lines_of(make_snapshot(make_waiting(101), make_waiting(202)), width=80, height=24)
    after = lines_of(make_snapshot(make_run(101), make_waiting(202)), width=80, height=24)

    assert before[1] == after[1]


names = st.text(min_size=1, max_size=64)
losses = st.floats(0, 20) | st.floats()
speeds = st.none() | st.floats(0, 1e9) | st.sampled_from([float("nan"), float("inf")])


@st.composite
def run_views(draw: st.DrawFn) -> RunView:
    num_intervals = draw(st.integers(1, 200))
    val_losses = tuple(draw(st.lists(losses, max_size=min(num_intervals, 30))))
    return RunView(
        run=RunId(draw(names), draw(st.integers(0, 2**32 - 1))),
        state=draw(st.sampled_from(RunState)),
        attempt=draw(st.integers(0, 100)),
        num_intervals=num_intervals,
        last_interval=len(val_losses) - 1 if val_losses else None,
        tokens=draw(st.integers(0, 10**13)),
        total_tokens=draw(st.integers(0, 10**13)),
        train_loss=draw(st.none() | losses),
        val_losses=val_losses,
        tokens_per_s=draw(speeds),
        slot=draw(st.text(max_size=20)),
        message=draw(st.text(max_size=200)),
    )


snapshots = st.builds(
    Snapshot,
    name=names,
    runs=st.lists(run_views(), max_size=12).map(tuple),
    num_slots=st.integers(0, 10**6),
    elapsed_s=st.none() | st.floats(0, 1e9),
    is_finished=st.booleans(),
    note=st.text(max_size=200),
)


@settings(max_examples=150, deadline=None)
@given(snapshots, st.integers(1, 170), st.integers(1, 40), st.sampled_from([UNICODE, ASCII]))
def test_no_snapshot_exceeds_the_terminal(lines_of, snapshot, width, height, glyphs):
    lines = lines_of(snapshot, width=width, height=height, glyphs=glyphs)

    assert 1 <= len(lines) <= height
    assert max(map(cell_len, lines)) <= width
    assert "\x1b" not in "".join(lines)
