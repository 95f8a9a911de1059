"""A ledger that is lost is built again from the checkpoints, and nothing is thrown away."""

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from configs.errors import RunDirectoryError
from configs.experiment import ExperimentConfig
from configs.run_paths import RunPaths
from orchestrator.launch import Finish, resume_experiment
from orchestrator.lease import hold_lease
from orchestrator.ledger import reading_ledger
from orchestrator.repair import repair_run_directory
from orchestrator.run_directory import open_run_directory
from orchestrator.run_state import RunState
from orchestrator.sites import InlineSite
from orchestrator.stop_signal import StopRequest

NUM_CHECKPOINTS = 6  # two seeds, three intervals


@pytest.fixture(scope="module")
def finished(
    tiny_config: Callable[..., ExperimentConfig],
    run_inline: Callable[..., Finish],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The tiny experiment, done; not to be written into."""
    return run_inline(tiny_config(), tmp_path_factory.mktemp("finished") / "out").directory.paths.root


@pytest.fixture
def paths(finished: Path, tmp_path: Path) -> RunPaths:
    """A copy of it."""
    return RunPaths(Path(shutil.copytree(finished, tmp_path / "out")))


def _lose(file: Path) -> None:
    file.unlink()


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _scribble(file: Path) -> None:
    file.write_bytes(b"no database at all" * 1000)


def _overwrite_the_middle(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(bytes(content))


damages = pytest.mark.parametrize("damage", [_lose, _empty, _truncate, _scribble, _overwrite_the_middle])


def _resume(paths: RunPaths, view: Any) -> Finish:
    return resume_experiment(open_run_directory(paths.root), site=InlineSite(), view=view, stop=StopRequest())


@damages
def test_rebuilt_ledger_holds_every_record_as_before(paths: RunPaths, damage: Callable[[Path], None]) -> None:
    with reading_ledger(paths.ledger_file) as ledger:
        before = ledger.records()
    damage(paths.ledger_file)

    said = repair_run_directory(paths.root)

    with reading_ledger(paths.ledger_file) as ledger:
        ledger.require_sound()
        assert ledger.records() == before
    assert said[0].startswith("The ledger cannot be used: ")
    assert said[-3] == f"A new ledger was built from {NUM_CHECKPOINTS} checkpoints."
    assert said[-1] == "Every run is complete; nothing is left to train."


@damages
def test_repaired_experiment_ends_with_the_same_table(
    paths: RunPaths,
    damage: Callable[[Path], None],
    silent_view: Callable[[], Any],
    learning_columns: Callable[[Path], Any],
) -> None:
    before = learning_columns(paths.table_csv)
    damage(paths.ledger_file)

    repair_run_directory(paths.root)
    finish = _resume(paths, silent_view())

    assert finish.exit_code == 0
    assert learning_columns(paths.table_csv) == before


@pytest.mark.parametrize("damage", [_truncate, _scribble, _overwrite_the_middle])
def test_damaged_ledger_is_kept(paths: RunPaths, damage: Callable[[Path], None]) -> None:
    damage(paths.ledger_file)
    damaged = paths.ledger_file.read_bytes()

    said = repair_run_directory(paths.root)

    assert paths.damaged_dir(paths.ledger_file, number=1).read_bytes() == damaged
    assert "ledger.sqlite is kept as ledger.sqlite.damaged-1." in said


def test_ledgers_damaged_one_after_another_are_all_kept(paths: RunPaths) -> None:
    for content in (b"first" * 100, b"second" * 100):
        paths.ledger_file.write_bytes(content)
        repair_run_directory(paths.root)

    kept = [paths.damaged_dir(paths.ledger_file, number=number).read_bytes() for number in (1, 2)]
    assert kept == [b"first" * 100, b"second" * 100]


def test_log_of_a_lost_ledger_does_not_get_into_the_new_one(paths: RunPaths) -> None:
    _, log, shared, journal = paths.ledger_files
    paths.ledger_file.unlink()
    for file in (log, shared, journal):
        file.write_bytes(b"of another ledger" * 500)

    repair_run_directory(paths.root)

    with reading_ledger(paths.ledger_file) as ledger:
        ledger.require_sound()
        assert len(ledger.records()) == NUM_CHECKPOINTS
    assert [file.exists() for file in (log, shared, journal)] == [False, False, False]


def test_complete_runs_are_restored_as_they_ended(paths: RunPaths, silent_view: Callable[[], Any]) -> None:
    with reading_ledger(paths.ledger_file) as ledger:
        before = [(row.state, row.attempt, row.step, row.data_order_sha256) for row in ledger.runs()]
    manifest = paths.manifest_file.read_bytes()
    paths.ledger_file.unlink()

    repair_run_directory(paths.root)
    finish = _resume(paths, silent_view())

    with reading_ledger(paths.ledger_file) as ledger:
        assert [(row.state, row.attempt, row.step, row.data_order_sha256) for row in ledger.runs()] == before
    assert finish.was_complete
    assert paths.manifest_file.read_bytes() == manifest


def test_incomplete_runs_wait_and_their_next_attempt_is_newer_than_any_that_may_be_alive(
    paths: RunPaths, silent_view: Callable[[], Any]
) -> None:
    shutil.rmtree(paths.checkpoint_dir("base", 1, 2))
    paths.ledger_file.unlink()

    said = repair_run_directory(paths.root)

    with reading_ledger(paths.ledger_file) as ledger:
        restored = [(row.run.seed, row.state, row.step) for row in ledger.runs()]
    _resume(paths, silent_view())
    with reading_ledger(paths.ledger_file) as ledger:
        assert restored == [(1, RunState.WAITING, 4), (2, RunState.COMPLETED, 8)]
        assert [(row.state, row.attempt) for row in ledger.runs()] == [(RunState.COMPLETED, 3), (RunState.COMPLETED, 1)]
    assert said[-1] == f"1 of 2 runs is incomplete; go on with `seedscope resume {shlex.quote(str(paths.root))}`."


def test_attempt_that_only_the_manifest_knows_is_not_numbered_again(paths: RunPaths) -> None:
    manifest = json.loads(paths.manifest_file.read_text())
    manifest["runs"][0]["attempts"] = 4
    paths.manifest_file.write_text(json.dumps(manifest))
    shutil.rmtree(paths.checkpoint_dir("base", 1, 2))
    paths.ledger_file.unlink()

    repair_run_directory(paths.root)

    with reading_ledger(paths.ledger_file) as ledger:
        assert ledger.runs()[0].attempt == 5


def test_complete_run_whose_corpus_is_gone_waits(paths: RunPaths) -> None:
    paths.stream_file("train").unlink()
    paths.ledger_file.unlink()

    repair_run_directory(paths.root)

    with reading_ledger(paths.ledger_file) as ledger:
        assert [row.state for row in ledger.runs()] == [RunState.WAITING] * 2


def test_rebuilding_is_noted_in_the_new_ledger(paths: RunPaths) -> None:
    paths.ledger_file.unlink()

    repair_run_directory(paths.root)

    with reading_ledger(paths.ledger_file) as ledger:
        assert ledger.notices() == (f"The ledger was rebuilt from {NUM_CHECKPOINTS} checkpoints.",)


def test_sound_ledger_is_left_as_it_is(paths: RunPaths) -> None:
    before = {path: path.read_bytes() for path in paths.root.rglob("*") if path.is_file()}

    said = repair_run_directory(paths.root)

    assert said == (f"The ledger is sound; {NUM_CHECKPOINTS} checkpoints are whole.",)
    assert {path: path.read_bytes() for path in paths.root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("is_lost", [True, False])
def test_directory_in_use_is_refused_and_left_as_it_is(paths: RunPaths, is_lost: bool) -> None:
    if is_lost:
        paths.ledger_file.unlink()
    with hold_lease(paths.lease_file):
        before = {path: path.read_bytes() for path in paths.root.rglob("*") if path.is_file()}

        with pytest.raises(RunDirectoryError, match="is in use by process"):
            repair_run_directory(paths.root)

        assert {path: path.read_bytes() for path in paths.root.rglob("*") if path.is_file()} == before


def test_what_is_no_run_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="is not a run directory"):
        repair_run_directory(tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_lost", [True, False], ids=["ledger lost", "ledger sound"])
def test_damaged_checkpoint_is_set_aside_and_measured_again(
    paths: RunPaths, silent_view: Callable[[], Any], learning_columns: Callable[[Path], Any], is_lost: bool
) -> None:
    before = learning_columns(paths.table_csv)
    weights = paths.weights_file("base", 1, 1)
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    if is_lost:
        paths.ledger_file.unlink()

    said = repair_run_directory(paths.root)
    finish = _resume(paths, silent_view())

    kept = paths.damaged_dir(paths.checkpoint_dir("base", 1, 1), number=1)
    assert kept.is_dir()
    assert any(sentence.endswith(f"it is kept as {kept}.") for sentence in said)
    assert finish.exit_code == 0
    assert learning_columns(paths.table_csv) == before


def test_experiment_without_any_checkpoint_begins_anew(
    paths: RunPaths, silent_view: Callable[[], Any], learning_columns: Callable[[Path], Any]
) -> None:
    before = learning_columns(paths.table_csv)
    paths.ledger_file.unlink()
    shutil.rmtree(paths.checkpoints_dir)
    shutil.rmtree(paths.root / "resume")

    said = repair_run_directory(paths.root)
    finish = _resume(paths, silent_view())

    assert said[-3] == "A new ledger was built from 0 checkpoints."
    assert said[-1].startswith("2 of 2 runs are incomplete; go on with `seedscope resume ")
    assert finish.exit_code == 0
    assert learning_columns(paths.table_csv) == before


def test_repairing_twice_is_repairing_once(paths: RunPaths) -> None:
    paths.ledger_file.unlink()
    repair_run_directory(paths.root)
    before = paths.ledger_file.read_bytes()

    said = repair_run_directory(paths.root)

    assert said == (f"The ledger is sound; {NUM_CHECKPOINTS} checkpoints are whole.",)
    assert paths.ledger_file.read_bytes() == before


def test_what_a_crash_in_the_middle_of_a_repair_left_does_not_disturb_the_next(paths: RunPaths) -> None:
    paths.ledger_file.unlink()
    paths.damaged_dir(paths.ledger_file, number=0).write_bytes(b"half a ledger")

    repair_run_directory(paths.root)

    with reading_ledger(paths.ledger_file) as ledger:
        assert len(ledger.records()) == NUM_CHECKPOINTS
    assert not paths.damaged_dir(paths.ledger_file, number=0).exists()
