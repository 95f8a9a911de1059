"""A place for checkpoints outside the run directory: checked first, claimed by one experiment, copied home at last."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from configs.errors import RunDirectoryError, StorageError
from configs.experiment import ExperimentConfig
from orchestrator.fetch import Fetched, fetch_checkpoints
from orchestrator.launch import Finish, resume_experiment
from orchestrator.repair import repair_run_directory
from orchestrator.run_directory import open_run_directory
from orchestrator.sites import InlineSite
from orchestrator.stop_signal import StopRequest
from workers.local_store import LocalPublished
from workers.record_files import read_whole_record
from workers.records import RunId


@pytest.fixture
def away(tmp_path: Path, tiny_config: Callable[..., ExperimentConfig]) -> ExperimentConfig:
    """The tiny experiment with its checkpoints in another directory."""
    return tiny_config(checkpoints={"uri": f"file://{tmp_path}/elsewhere"})


def test_table_and_statistics_equal_those_with_checkpoints_in_the_run_directory(
    away: ExperimentConfig, tiny_config, run_inline: Callable[..., Finish], learning_columns, tmp_path: Path
) -> None:
    there = run_inline(away, tmp_path / "run").directory.paths
    here = run_inline(tiny_config(), tmp_path / "plain").directory.paths

    assert learning_columns(there.table_csv) == learning_columns(here.table_csv)
    assert there.statistics_file.read_bytes() == here.statistics_file.read_bytes()
    weights = {file.relative_to(here.root): file.read_bytes() for file in here.root.rglob("model.safetensors")}
    elsewhere = tmp_path / "elsewhere"
    assert {f.relative_to(elsewhere): f.read_bytes() for f in elsewhere.rglob("model.safetensors")} == weights
    assert list(there.root.rglob("model.safetensors")) == []


def test_place_of_another_experiment_is_refused_and_nothing_is_made(
    away: ExperimentConfig, run_inline: Callable[..., Finish], tmp_path: Path
) -> None:
    run_inline(away, tmp_path / "run")

    with pytest.raises(RunDirectoryError, match=rf"another experiment \(tiny, begun in {tmp_path}/run on .* at 2"):
        run_inline(away, tmp_path / "second")

    assert not (tmp_path / "second").exists()


def test_place_that_another_experiment_took_meanwhile_is_refused_on_resume_and_repair(
    away: ExperimentConfig, run_inline: Callable[..., Finish], silent_view, tmp_path: Path
) -> None:
    run_inline(away, tmp_path / "run")
    shutil.move(tmp_path / "elsewhere", tmp_path / "moved")
    run_inline(away, tmp_path / "second")
    (tmp_path / "run" / "ledger.sqlite").unlink()

    with pytest.raises(RunDirectoryError, match=r"begun in .*second"):
        repair_run_directory(tmp_path / "run")


def test_place_that_cannot_be_written_is_one_sentence_and_nothing_is_made(
    tiny_config, run_inline: Callable[..., Finish], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StorageError, match=r"^file:///.* cannot be written \("):
        run_inline(tiny_config(checkpoints={"uri": f"file://{tmp_path}/file/place"}), tmp_path / "run")

    assert not (tmp_path / "run").exists()


def test_resuming_elsewhere_than_the_experiment_began_is_refused(
    away: ExperimentConfig, tiny_config, run_inline: Callable[..., Finish], tmp_path: Path
) -> None:
    run_inline(away, tmp_path / "run")

    with pytest.raises(RunDirectoryError, match=r"has checkpoints.uri=file://.* and not None"):
        run_inline(tiny_config(), tmp_path / "run")


def test_measurements_lost_at_home_are_fetched_again(
    away: ExperimentConfig, run_inline: Callable[..., Finish], silent_view, tmp_path: Path
) -> None:
    paths = run_inline(away, tmp_path / "run").directory.paths
    before = {file: file.read_bytes() for file in paths.checkpoints_dir.rglob("*.*")}
    shutil.rmtree(paths.run_dir("base", 1))

    resume_experiment(open_run_directory(paths.root), site=InlineSite(), view=silent_view(), stop=StopRequest())

    assert {file: file.read_bytes() for file in paths.checkpoints_dir.rglob("*.*")} == before
    assert len(before) == 2 * 3 * 4


def test_fetched_checkpoints_are_those_of_a_run_that_keeps_its_own(
    away: ExperimentConfig, tiny_config, run_inline: Callable[..., Finish], tmp_path: Path
) -> None:
    there = run_inline(away, tmp_path / "run").directory.paths
    here = run_inline(tiny_config(), tmp_path / "plain").directory.paths

    fetched = fetch_checkpoints(there.root)

    assert fetched == Fetched(num_here=6, num_known=6, problems=())
    assert {str(file.relative_to(there.root)) for file in there.checkpoints_dir.rglob("*.*")} == {
        str(file.relative_to(here.root)) for file in here.checkpoints_dir.rglob("*.*")
    }
    checkpoint = LocalPublished(there.checkpoint_dir("base", 2, 1))
    assert read_whole_record(checkpoint, run=RunId("base", 2), interval=1).seed == 2
    with pytest.raises(RunDirectoryError, match="keeps its checkpoints itself"):
        fetch_checkpoints(here.root)


def test_checkpoint_that_is_missing_there_is_said_by_fetch(
    away: ExperimentConfig, run_inline: Callable[..., Finish], tmp_path: Path
) -> None:
    run_inline(away, tmp_path / "run")
    shutil.rmtree(tmp_path / "elsewhere" / "checkpoints" / "base" / "seed-2" / "interval-01")

    fetched = fetch_checkpoints(tmp_path / "run")

    assert fetched.problems == ("The checkpoint of base/seed-2 interval 1 is missing.",)
    assert (fetched.num_here, fetched.num_known) == (5, 6)


def test_fetching_from_a_place_that_is_gone_is_one_sentence_and_needed_only_for_what_is_not_here(
    away: ExperimentConfig, run_inline: Callable[..., Finish], tmp_path: Path
) -> None:
    paths = run_inline(away, tmp_path / "run").directory.paths
    shutil.move(tmp_path / "elsewhere", tmp_path / "moved")

    with pytest.raises(
        StorageError, match=r"elsewhere does not hold this experiment any more \(no claim.json\); mount it"
    ):
        fetch_checkpoints(paths.root)

    shutil.move(tmp_path / "moved", tmp_path / "elsewhere")
    fetch_checkpoints(paths.root)
    shutil.rmtree(tmp_path / "elsewhere")
    assert fetch_checkpoints(paths.root).num_here == 6


@pytest.mark.parametrize("damage", ["flip", "cut the list", "forget the list"])
def test_damage_in_the_place_is_not_brought_home(
    away: ExperimentConfig, run_inline: Callable[..., Finish], tmp_path: Path, damage: str
) -> None:
    paths = run_inline(away, tmp_path / "run").directory.paths
    there = tmp_path / "elsewhere" / "checkpoints" / "base" / "seed-2" / "interval-01"
    here = paths.checkpoint_dir("base", 2, 1)
    before = {file.name: file.read_bytes() for file in here.iterdir()}
    if damage == "flip":
        weights = there / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    elif damage == "cut the list":
        (there / "SHA256SUMS").write_text("hello")
    else:
        (there / "SHA256SUMS").unlink()

    fetched = fetch_checkpoints(paths.root)

    assert (fetched.num_here, len(fetched.problems)) == (5, 1)
    assert fetched.problems[0].startswith("The checkpoint of base/seed-2 interval 1 cannot be had: ")
    assert {file.name: file.read_bytes() for file in here.iterdir()} == before


def test_damage_at_home_is_fetched_anew(
    away: ExperimentConfig, run_inline: Callable[..., Finish], tmp_path: Path
) -> None:
    paths = run_inline(away, tmp_path / "run").directory.paths
    fetch_checkpoints(paths.root)
    weights = paths.weights_file("base", 2, 1)
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + b"!")

    fetch_checkpoints(paths.root)

    assert weights.read_bytes() == whole


@pytest.mark.parametrize("has_ledger", [True, False])
def test_place_that_is_not_mounted_is_not_taken_for_an_empty_one(
    away: ExperimentConfig, run_inline: Callable[..., Finish], tmp_path: Path, has_ledger: bool
) -> None:
    paths = run_inline(away, tmp_path / "run").directory.paths
    shutil.move(tmp_path / "elsewhere", tmp_path / "moved")
    if not has_ledger:
        paths.ledger_file.unlink()

    with pytest.raises(StorageError, match="does not hold this experiment any more"):
        repair_run_directory(paths.root)

    assert paths.ledger_file.exists() == has_ledger
    assert not (tmp_path / "elsewhere").exists()


def test_resuming_while_the_place_is_not_mounted_is_refused(
    away: ExperimentConfig, run_inline: Callable[..., Finish], silent_view, tmp_path: Path
) -> None:
    paths = run_inline(away, tmp_path / "run").directory.paths
    shutil.rmtree(tmp_path / "elsewhere" / "checkpoints" / "base" / "seed-2")
    paths.ledger_file.unlink()
    repair_run_directory(paths.root)
    begun = paths.ledger_file.read_bytes()
    shutil.move(tmp_path / "elsewhere", tmp_path / "moved")

    with pytest.raises(StorageError, match="does not hold this experiment any more"):
        resume_experiment(open_run_directory(paths.root), site=InlineSite(), view=silent_view(), stop=StopRequest())

    assert paths.ledger_file.read_bytes() == begun
    assert not (tmp_path / "elsewhere").exists()
