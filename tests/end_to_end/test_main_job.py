"""From a config to a finished table, and again."""

import csv
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# DESIGN.md section 8
HEADER = (
    "condition,seed,interval,step,tokens,target_tokens,passes,learning_rate,train_loss,val_loss,val_loss_se,val_ppl,"
    "grad_norm,delta,rolling_volatility,backslide,backslide_magnitude,backslide_frequency,spike,spike_rate,"
    "stable_phase_candidate,drawdown,tokens_per_s,elapsed_s,energy_joules,energy_source,threads,cpu_model,attempt"
)
NUM_INTERVALS = 7


def _refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is not strict JSON")


def _strict(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse_constant)


@pytest.fixture
def copy(finished: Any, tmp_path: Path) -> Path:
    """The finished run directory, to be written into."""
    shutil.copytree(finished.root, tmp_path / "out")
    return tmp_path / "out"


def test_experiment_ends_well_and_silently_on_stderr(finished: Any) -> None:
    assert (finished.answer.exit_code, finished.answer.complaint) == (0, "")


def test_table_has_exactly_the_columns_of_the_design(finished: Any) -> None:
    assert (finished.root / "table.csv").read_text(encoding="utf-8").splitlines()[0] == HEADER


def test_table_has_every_seed_and_interval_once_and_sorted(finished: Any) -> None:
    with (finished.root / "table.csv").open(newline="") as file:
        cells = [(row["condition"], int(row["seed"]), int(row["interval"])) for row in csv.DictReader(file)]

    assert cells == [("base", seed, interval) for seed in (101, 202) for interval in range(NUM_INTERVALS)]


def test_table_counts_tokens_by_whole_steps(finished: Any) -> None:
    with (finished.root / "table.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["seed"] == "101"]

    assert [(int(row["step"]), int(row["tokens"]), int(row["target_tokens"])) for row in rows] == [
        (4 * interval, 256 * interval, 256 * interval) for interval in range(NUM_INTERVALS)
    ]


def test_parquet_holds_the_same_table(finished: Any) -> None:
    import pandas as pd

    parquet = pd.read_parquet(finished.root / "table.parquet")

    assert list(parquet.columns) == HEADER.split(",")
    with (finished.root / "table.csv").open(newline="") as file:
        assert [float(row["val_loss"]) for row in csv.DictReader(file)] == list(parquet["val_loss"])


def test_statistics_are_strict_and_of_this_design(finished: Any) -> None:
    statistics = _strict((finished.root / "statistics.json").read_text())

    assert statistics["schema_version"] == 1
    assert statistics["design"] == {
        "subject": "seed",
        "within": "interval",
        "num_subjects": 2,
        "num_levels": NUM_INTERVALS,
        "condition": "base",
    }


def test_every_interval_left_a_checkpoint(finished: Any) -> None:
    checkpoints = sorted(
        path.parent.relative_to(finished.root / "checkpoints").as_posix()
        for path in (finished.root / "checkpoints").rglob("model.safetensors")
    )

    assert checkpoints == [
        f"base/seed-{seed}/interval-{interval:02d}" for seed in (101, 202) for interval in range(NUM_INTERVALS)
    ]


def test_piped_output_is_plain_with_one_line_per_interval(finished: Any) -> None:
    output = finished.answer.output

    assert "\x1b" not in output
    assert "\r" not in output
    assert sum("  interval " in line for line in output.splitlines()) == 2 * NUM_INTERVALS


def test_last_lines_tell_where_table_and_report_are(finished: Any) -> None:
    assert finished.answer.output.splitlines()[-2:] == ["Table: out/table.csv", "Report: out/report.html"]


def test_json_output_is_one_strict_object_per_line_and_nothing_else(
    seedscope: Callable[..., Any], small: tuple[str, ...], tmp_path: Path
) -> None:
    answer = seedscope(tmp_path, "run", "quickstart", *small, "--inline", "--json", "--out", "out")

    events = [_strict(line) for line in answer.output.splitlines()]
    kinds = [event["event"] for event in events]
    assert all(isinstance(event, dict) for event in events)
    assert kinds[0] == "experiment_started"
    assert kinds[-1] == "experiment_finished"
    assert kinds.count("interval_done") == 2 * NUM_INTERVALS
    assert answer.complaint == ""


def test_second_run_leaves_a_finished_experiment_as_it_is(
    copy: Path,
    seedscope: Callable[..., Any],
    small: tuple[str, ...],
    contents: Callable[[Path], dict[str, bytes]],
) -> None:
    before = contents(copy)

    answer = seedscope(copy.parent, "run", "quickstart", *small, "--inline", "--out", "out")

    assert answer.exit_code == 0
    assert contents(copy) == before


def test_resume_leaves_a_finished_experiment_as_it_is(
    copy: Path, seedscope: Callable[..., Any], contents: Callable[[Path], dict[str, bytes]]
) -> None:
    before = contents(copy)

    changed_ns = {path: path.stat().st_mtime_ns for path in copy.rglob("*") if path.is_file()}

    answer = seedscope(copy.parent, "resume", "out")

    assert answer.exit_code == 0
    assert "\nEvery run was complete before; nothing was trained.\n" in answer.output
    assert contents(copy) == before
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*") if path.is_file()} == changed_ns


def test_second_run_goes_on_with_an_unfinished_experiment(
    copy: Path, seedscope: Callable[..., Any], small: tuple[str, ...]
) -> None:
    table = (copy / "table.csv").read_text()
    shutil.rmtree(copy / "checkpoints" / "base" / "seed-202")
    shutil.rmtree(copy / "resume" / "base" / "seed-202")
    connection = sqlite3.connect(copy / "ledger.sqlite")
    with connection:
        connection.execute("DELETE FROM records WHERE seed = 202")
        connection.execute("UPDATE runs SET state = 'training' WHERE seed = 202")
    connection.close()

    answer = seedscope(copy.parent, "run", "quickstart", *small, "--inline", "--out", "out")

    learnt = [row.split(",")[:22] for row in (copy / "table.csv").read_text().splitlines()]
    assert answer.exit_code == 0
    assert "seed 101  started" not in answer.output
    assert learnt == [row.split(",")[:22] for row in table.splitlines()]


def test_repair_rebuilds_a_lost_ledger_and_resume_ends_with_the_same_table(
    copy: Path, seedscope: Callable[..., Any]
) -> None:
    table = (copy / "table.csv").read_text()
    (copy / "ledger.sqlite").unlink()

    repaired = seedscope(copy.parent, "repair", "out")
    resumed = seedscope(copy.parent, "resume", "out", "--inline")

    learnt = [row.split(",")[:22] for row in (copy / "table.csv").read_text().splitlines()]
    assert (repaired.exit_code, repaired.complaint) == (0, "")
    assert "A new ledger was built from 14 checkpoints.\n" in repaired.output
    assert "nothing was trained" in resumed.output
    assert (resumed.exit_code, resumed.complaint) == (0, "")
    assert learnt == [row.split(",")[:22] for row in table.splitlines()]


def test_repair_of_what_is_whole_says_so_and_changes_nothing(
    copy: Path, seedscope_inside: Callable[..., Any], contents: Callable[[Path], dict[str, bytes]]
) -> None:
    before = contents(copy)

    answer = seedscope_inside(copy.parent, "repair", "out")

    assert (answer.exit_code, answer.output) == (0, "The ledger is sound; 14 checkpoints are whole.\n")
    assert contents(copy) == before


def test_run_that_is_not_deterministic_ends_with_one_and_its_reason(
    copy: Path, seedscope: Callable[..., Any], small: tuple[str, ...]
) -> None:
    connection = sqlite3.connect(copy / "ledger.sqlite")
    with connection:
        key = "WHERE seed = 202 AND interval = 3"
        ((text,),) = connection.execute(f"SELECT record FROM records {key}").fetchall()
        changed = json.dumps(json.loads(text) | {"val_loss": 1.0})
        connection.execute(f"UPDATE records SET record = ? {key}", (changed,))
        connection.execute("UPDATE runs SET state = 'training' WHERE seed = 202")
    connection.close()

    answer = seedscope(copy.parent, "resume", "out", "--inline")

    reason, go_on = answer.complaint.splitlines()
    assert answer.exit_code == 1
    assert reason.startswith(
        "seedscope: base/seed-202 attempt 2: defect (ConflictingRecordError: base/seed-202 interval 3"
    )
    assert go_on == "Go on with: seedscope resume out"


def test_watch_of_a_finished_experiment_tells_it_and_ends(finished: Any, seedscope: Callable[..., Any]) -> None:
    answer = seedscope(finished.directory, "watch", "out", "--json", timeout_s=60)

    kinds = [_strict(line)["event"] for line in answer.output.splitlines()]
    assert answer.exit_code == 0
    assert (kinds.count("interval_done"), kinds.count("run_completed")) == (2 * NUM_INTERVALS, 2)


def test_watch_of_a_finished_experiment_says_once_how_each_run_stands_and_what_there_is(
    finished: Any, seedscope: Callable[..., Any]
) -> None:
    answer = seedscope(finished.directory, "watch", "out", timeout_s=60)

    lines = answer.output.splitlines()
    assert [line.split()[:4] + line.split()[-1:] for line in lines[:2]] == [
        ["seed", seed, "interval", f"{NUM_INTERVALS - 1}/{NUM_INTERVALS - 1}", "completed"] for seed in ("101", "202")
    ]
    assert lines[-2:] == ["Table: out/table.csv", "Report: out/report.html"]


def test_run_directory_may_have_any_name(seedscope: Callable[..., Any], small: tuple[str, ...], tmp_path: Path) -> None:
    name = "100% of #1, für ?"
    answer = seedscope(tmp_path, "run", "quickstart", *small, "--set", "seeds=[1]", "--inline", "--out", name)

    assert answer.exit_code == 0, answer.complaint
    assert (tmp_path / name / "table.csv").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.slow
def test_quickstart_on_ray_equals_the_one_without(
    finished: Any, seedscope: Callable[..., Any], small: tuple[str, ...], tmp_path: Path
) -> None:
    answer = seedscope(tmp_path, "run", "quickstart", *small, "--out", "out")

    assert (answer.exit_code, answer.complaint) == (0, "")
    tables = [(root / "table.csv").read_text().splitlines() for root in (finished.root, tmp_path / "out")]
    assert [row.split(",")[:22] for row in tables[0]] == [row.split(",")[:22] for row in tables[1]]
