"""JSON lines, read by a parser that refuses what JSON does not have."""

import io
import json
from typing import NoReturn

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
from orchestrator.progress.json_view import JsonView
from workers.records import IntervalRecord, RunId

RUN = RunId("base", 101)


def refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is not JSON")


@pytest.fixture
def shown():
    """Shows events and gives the parsed lines, each with its keys in the order of the text."""

    def show(*events) -> list[list[tuple[str, object]]]:
        stream = io.StringIO()
        with JsonView(stream) as view:
            for event in events:
                view.show(event)
        lines = stream.getvalue().splitlines()
        return [json.loads(line, object_pairs_hook=list, parse_constant=refuse) for line in lines]

    return show


def test_every_event_is_one_line_with_fixed_sorted_keys(shown):
    lines = shown(
        ExperimentStarted("a", "runs/a", num_runs=6, num_intervals=21, num_slots=2),
        RunStarted(RUN, attempt=1, slot="node:0"),
        RunCompleted(RUN, attempt=1),
        RunFailed(RUN, attempt=1, kind="OSError", message="a\nb"),
        RunStopped(RUN, attempt=1, step=51),
        ExperimentFinished("a", "runs/a", exit_code=3, num_rows=100, num_expected_rows=126),
        Warned("größer"),
    )

    run = [("condition", "base")]
    assert lines == [
        [
            ("event", "experiment_started"),
            ("name", "a"),
            ("num_intervals", 21),
            ("num_runs", 6),
            ("num_slots", 2),
            ("run_dir", "runs/a"),
        ],
        [("attempt", 1), *run, ("event", "run_started"), ("seed", 101), ("slot", "node:0")],
        [("attempt", 1), *run, ("event", "run_completed"), ("seed", 101)],
        [("attempt", 1), *run, ("event", "run_failed"), ("kind", "OSError"), ("message", "a\nb"), ("seed", 101)],
        [("attempt", 1), *run, ("event", "run_stopped"), ("seed", 101), ("step", 51)],
        [
            ("event", "experiment_finished"),
            ("exit_code", 3),
            ("name", "a"),
            ("num_expected_rows", 126),
            ("num_rows", 100),
            ("run_dir", "runs/a"),
        ],
        [("event", "warned"), ("message", "größer")],
    ]


def test_interval_holds_the_whole_record(shown, make_record):
    record = make_record(3, val_loss=2.8831234567890123)
    (line,) = shown(IntervalDone(record))
    values = dict(line)

    assert values.pop("event") == "interval_done"
    assert IntervalRecord.from_dict(values) == record
    assert [key for key, _ in line] == sorted(key for key, _ in line)


def test_what_is_not_finite_becomes_null(shown, make_record):
    record = make_record(3, val_loss=float("nan"), train_loss=float("inf"))
    values = dict(shown(IntervalDone(record))[0])

    assert (values["val_loss"], values["train_loss"]) == (None, None)


def test_snapshots_write_nothing(make_run, make_snapshot):
    stream = io.StringIO()
    with JsonView(stream) as view:
        view.update(make_snapshot(make_run()))

    assert stream.getvalue() == ""
