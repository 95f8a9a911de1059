"""Files are damaged between a stop and the next start; it is said, kept, and made up for."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workers.points import Point
from workers.record_files import CHECKPOINT_NAMES, RESUME_NAMES, STEPS_NAME

SUMS = "SHA256SUMS"
CHECKPOINT_FILES = sorted(CHECKPOINT_NAMES | {STEPS_NAME})
RESUME_FILES = sorted(RESUME_NAMES)
NEWEST = 3
OLDER = 1


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def empty(file: Path) -> None:
    os.truncate(file, 0)


def remove(file: Path) -> None:
    file.unlink()


@pytest.fixture(scope="module")
def stopped(
    tmp_path_factory: pytest.TempPathFactory, experiment_at: Callable[..., Any], fault_at: Callable[..., Any]
) -> Path:
    """A run directory whose process was killed in the interval after the newest one."""
    place = tmp_path_factory.mktemp("stopped")
    killed = experiment_at(place).start(fault_at(place, "kill", Point.STEP_TAKEN, 4 * NEWEST + 2))
    assert killed.exit_code == -signal.SIGKILL, killed.output
    return place / "run"


@pytest.fixture
def damaged(stopped: Path, tmp_path: Path, experiment: Callable[..., Any]) -> Any:
    """A copy of that run directory, to be damaged."""
    shutil.copytree(stopped, tmp_path / "run")
    return experiment()


CASES = [
    *[(damage, NEWEST, "checkpoint", name) for damage in (truncate, flip_a_bit) for name in (*CHECKPOINT_FILES, SUMS)],
    *[(damage, NEWEST, "resume", name) for damage in (truncate, flip_a_bit) for name in (*RESUME_FILES, SUMS)],
    *[(flip_a_bit, OLDER, "checkpoint", name) for name in (*CHECKPOINT_FILES, SUMS)],
    (empty, NEWEST, "checkpoint", "model.safetensors"),
    (remove, NEWEST, "checkpoint", "model.safetensors"),
]


@pytest.mark.parametrize(
    ("damage", "interval", "part", "name"),
    CASES,
    ids=[f"{damage.__name__}-{part}-{interval}-{name}" for damage, interval, part, name in CASES],
)
def test_damaged_file_is_said_and_kept_and_the_table_equals_that_of_an_undisturbed_run(
    damage: Callable[[Path], None],
    interval: int,
    part: str,
    name: str,
    damaged: Any,
    undisturbed: Callable[..., Any],
) -> None:
    find = damaged.paths.checkpoint_dir if part == "checkpoint" else damaged.paths.resume_dir
    directory = find("base", 1, interval)
    kept = directory.with_name(f"{directory.name}.damaged-1")
    damage(directory / name)
    left = {file.name: file.read_bytes() for file in directory.iterdir()}

    resumed = damaged.resume()

    assert resumed.exit_code == 0, resumed.output
    assert f"of interval {interval} is damaged" in resumed.output
    assert kept.name in resumed.output
    assert {file.name: file.read_bytes() for file in kept.iterdir()} == left
    assert damaged.learning_rows() == undisturbed()


def test_same_interval_damaged_twice_is_kept_twice(damaged: Any, undisturbed: Callable[..., Any]) -> None:
    newest = damaged.paths.checkpoint_dir("base", 1, NEWEST)
    shutil.copytree(newest, newest.with_name(f"{newest.name}.damaged-1"))
    flip_a_bit(newest / "model.safetensors")

    resumed = damaged.resume()

    assert resumed.exit_code == 0, resumed.output
    assert newest.with_name(f"{newest.name}.damaged-2").is_dir()
    assert damaged.learning_rows() == undisturbed()


def test_every_checkpoint_and_resume_state_damaged_starts_over(damaged: Any, undisturbed: Callable[..., Any]) -> None:
    for directory in (damaged.paths.checkpoints_dir, damaged.paths.resume_run_dir("base", 1)):
        for file in directory.rglob("*.safetensors"):
            flip_a_bit(file)

    resumed = damaged.resume()

    assert resumed.exit_code == 0, resumed.output
    assert damaged.learning_rows() == undisturbed()


def fill_with_garbage(file: Path) -> None:
    file.write_bytes(bytes(random.Random(1).randbytes(file.stat().st_size)))


@pytest.mark.parametrize("damage", [truncate, empty, remove, fill_with_garbage])
def test_damaged_ledger_is_refused_then_repaired_then_resumed(
    damage: Callable[[Path], None], damaged: Any, undisturbed: Callable[..., Any]
) -> None:
    ledger_file = damaged.paths.ledger_file
    fold_log_into(ledger_file)
    damage(ledger_file)
    was_there = ledger_file.exists()

    refused = damaged.resume()
    repaired = damaged.repair()
    resumed = damaged.resume()

    assert refused.exit_code == 2, refused.output
    assert f"seedscope repair {damaged.root}" in " ".join(refused.output.split())
    assert repaired.exit_code == 0, repaired.output
    assert "A new ledger was built" in repaired.output
    assert ledger_file.with_name("ledger.sqlite.damaged-1").exists() == was_there
    assert resumed.exit_code == 0, resumed.output
    assert damaged.learning_rows() == undisturbed()


def test_lost_write_ahead_log_loses_nothing(damaged: Any, undisturbed: Callable[..., Any]) -> None:
    log = damaged.paths.ledger_file.with_name("ledger.sqlite-wal")
    assert log.stat().st_size > 0, "the killed process leaves what it has committed in the log"
    truncate(log)

    resumed = damaged.resume()

    assert resumed.exit_code == 0, resumed.output
    assert damaged.learning_rows() == undisturbed()


# As on a network file system, and for a moment whenever a ledger is opened or closed: SQLite keeps a rollback journal.
KILLED_INSIDE_A_COMMIT = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = DELETE")
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE runs SET message = ?", ("x" * 500_000,))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_ledger_whose_writer_was_killed_inside_a_commit_needs_no_repair(
    damaged: Any, undisturbed: Callable[..., Any]
) -> None:
    subprocess.run([sys.executable, "-c", KILLED_INSIDE_A_COMMIT, damaged.paths.ledger_file], check=False)
    assert damaged.paths.ledger_file.with_name("ledger.sqlite-journal").stat().st_size > 0

    resumed = damaged.resume()

    assert resumed.exit_code == 0, resumed.output
    assert damaged.learning_rows() == undisturbed()


def test_repair_leaves_a_sound_run_directory_as_it_is(damaged: Any, undisturbed: Callable[..., Any]) -> None:
    assert damaged.resume().exit_code == 0
    before = contents(damaged.root)

    repaired = damaged.repair()

    assert repaired.exit_code == 0, repaired.output
    assert "The ledger is sound; 10 checkpoints are whole." in " ".join(repaired.output.split())
    assert contents(damaged.root) == before


def test_repair_of_a_finished_run_whose_ledger_is_gone_gives_the_same_table(
    damaged: Any, undisturbed: Callable[..., Any]
) -> None:
    assert damaged.resume().exit_code == 0
    damaged.paths.ledger_file.unlink()

    repaired = damaged.repair()
    resumed = damaged.resume()

    assert repaired.exit_code == 0, repaired.output
    assert "built from 10 checkpoints" in " ".join(repaired.output.split())
    assert resumed.exit_code == 0, resumed.output
    assert damaged.learning_rows() == undisturbed()


def test_ledger_and_newest_checkpoint_damaged_at_once_are_made_up_for(
    damaged: Any, undisturbed: Callable[..., Any]
) -> None:
    truncate(damaged.paths.ledger_file)
    flip_a_bit(damaged.paths.weights_file("base", 1, NEWEST))

    repaired = damaged.repair()
    resumed = damaged.resume()

    assert repaired.exit_code == 0, repaired.output
    assert "it is kept as" in " ".join(repaired.output.split())
    assert resumed.exit_code == 0, resumed.output
    assert damaged.learning_rows() == undisturbed()


def contents(root: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}


def fold_log_into(ledger_file: Path) -> None:
    connection = sqlite3.connect(ledger_file)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
