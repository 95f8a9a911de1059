"""A run directory appears complete or not at all, and is known again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from configs.errors import RunDirectoryError
from configs.experiment import ExperimentConfig
from orchestrator.ledger import reading_ledger
from orchestrator.machine import inspect_machine
from orchestrator.manifest import first_manifest
from orchestrator.run_directory import (
    RunDirectory,
    create_run_directory,
    open_run_directory,
    recognize_run_directory,
    require_free_or_same,
)
from workers.corpus import Corpus, load_corpus

Create = Callable[[Path], RunDirectory]


@pytest.fixture
def manifest(tiny_config: Callable[..., ExperimentConfig], tiny_corpus: Corpus) -> dict[str, Any]:
    return first_manifest(
        tiny_config(),
        corpus=tiny_corpus,
        machine=inspect_machine(),
        slots=["local:0"],
        created_at="2000-01-01T00:00:00",
    )


@pytest.fixture
def create(tiny_config: Callable[..., ExperimentConfig], tiny_corpus: Corpus, manifest: dict[str, Any]) -> Create:
    """A function that makes the run directory of the tiny experiment."""
    return lambda out: create_run_directory(out, config=tiny_config(), corpus=tiny_corpus, manifest=manifest)


def test_new_directory_holds_all_that_the_first_step_needs(tmp_path: Path, create: Create, tiny_corpus: Corpus) -> None:
    create(tmp_path / "out")

    directory = open_run_directory(tmp_path / "out")
    with reading_ledger(directory.paths.ledger_file) as ledger:
        assert [(row.run.seed, row.state) for row in ledger.runs()] == [(1, "waiting"), (2, "waiting")]
    assert load_corpus(directory.paths).fingerprint == tiny_corpus.fingerprint


def test_missing_parents_are_made(tmp_path: Path, create: Create) -> None:
    create(tmp_path / "a" / "b" / "out")

    assert open_run_directory(tmp_path / "a" / "b" / "out").config.name == "tiny"


def test_empty_directory_is_taken(tmp_path: Path, create: Create) -> None:
    (tmp_path / "out").mkdir()

    create(tmp_path / "out")

    assert open_run_directory(tmp_path / "out").config.name == "tiny"


def test_current_directory_may_be_given_as_a_dot(
    tmp_path: Path, create: Create, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")

    create(Path())

    assert open_run_directory(tmp_path / "out").config.name == "tiny"


def test_failure_in_the_middle_leaves_nothing(tmp_path: Path, create: Create, manifest: dict[str, Any]) -> None:
    manifest["unwritable"] = object()  # the config and the corpus are written by then

    with pytest.raises(TypeError):
        create(tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


def test_directory_that_somebody_else_filled_meanwhile_is_left_as_it_is(tmp_path: Path, create: Create) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "theirs").write_text("precious")

    with pytest.raises(RunDirectoryError, match="cannot be made"):
        create(tmp_path / "out")

    assert [path.name for path in tmp_path.rglob("*")] == ["out", "theirs"]


def test_free_place_is_free(tmp_path: Path, tiny_config: Callable[..., ExperimentConfig]) -> None:
    (tmp_path / "empty").mkdir()

    answers = [require_free_or_same(tmp_path / name, config=tiny_config()) for name in ("new", "empty")]

    assert answers == [None, None]


def test_same_experiment_is_recognised_whatever_does_not_decide_results(
    tmp_path: Path, create: Create, tiny_config: Callable[..., ExperimentConfig]
) -> None:
    create(tmp_path / "out")

    same = tiny_config(name="renamed", placement={"max_concurrent_runs": 1}, telemetry={"window": 3})

    assert require_free_or_same(tmp_path / "out", config=same) is not None


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"seeds": [1, 3]}, "seeds is [1, 2] there and [1, 3] here"),
        ({"evaluation": {"tokens": 64}}, "evaluation.tokens is 128 there and 64 here"),
        ({"shared_seed": 1, "telemetry": {"window": 3}}, "shared_seed is 0 there and 1 here"),
        (
            {"shared_seed": 1, "precision": "bf16", "evaluation": {"tokens": 64, "offset": 32}},
            "shared_seed is 0 there and 1 here; evaluation.tokens is 128 there and 64 here; "
            "evaluation.offset is 0 there and 32 here; 1 more field differs",
        ),
    ],
)
def test_other_experiment_is_refused_with_what_differs(
    tmp_path: Path,
    create: Create,
    tiny_config: Callable[..., ExperimentConfig],
    change: dict[str, Any],
    difference: str,
) -> None:
    create(tmp_path / "out")

    with pytest.raises(RunDirectoryError) as refusal:
        require_free_or_same(tmp_path / "out", config=tiny_config(**change))

    assert str(refusal.value) == (
        f"{tmp_path / 'out'} holds another experiment, tiny: {difference}; choose another --out"
    )


def test_place_where_nothing_can_be_written_is_refused_before_its_size(
    tiny_config: Callable[..., ExperimentConfig],
) -> None:
    with pytest.raises(RunDirectoryError, match=r"^/proc cannot be written to \(.*\); choose an --out where you may"):
        require_free_or_same(Path("/proc/new"), config=tiny_config())


def test_directory_with_something_else_is_refused(tmp_path: Path, tiny_config: Callable[..., ExperimentConfig]) -> None:
    (tmp_path / "letters.txt").write_text("precious")

    with pytest.raises(RunDirectoryError, match="is not a run directory: it has no manifest"):
        require_free_or_same(tmp_path, config=tiny_config())


def test_file_is_refused(tmp_path: Path, tiny_config: Callable[..., ExperimentConfig]) -> None:
    (tmp_path / "out").write_text("precious")

    with pytest.raises(RunDirectoryError, match="is a file"):
        require_free_or_same(tmp_path / "out", config=tiny_config())


def test_edited_config_is_refused(tmp_path: Path, create: Create) -> None:
    file = create(tmp_path / "out").paths.config_file
    file.write_text(file.read_text().replace("learning_rate: 0.001", "learning_rate: 0.002"))

    with pytest.raises(RunDirectoryError, match="was changed after the experiment began"):
        open_run_directory(tmp_path / "out")


@pytest.mark.parametrize("content", ["", "seeds: [", "[1, 2]", "\x00"])
def test_destroyed_config_is_refused(tmp_path: Path, create: Create, content: str) -> None:
    create(tmp_path / "out").paths.config_file.write_text(content)

    with pytest.raises(RunDirectoryError, match="damaged"):
        open_run_directory(tmp_path / "out")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"manifest_version": 2}'])
def test_destroyed_manifest_is_refused(tmp_path: Path, create: Create, content: str) -> None:
    create(tmp_path / "out").paths.manifest_file.write_text(content)

    with pytest.raises(RunDirectoryError, match="manifest"):
        open_run_directory(tmp_path / "out")


def _lose(file: Path) -> None:
    file.unlink()


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _scribble(file: Path) -> None:
    file.write_bytes(b"no database at all" * 1000)


@pytest.mark.parametrize("damage", [_lose, _empty, _truncate, _scribble])
def test_ledger_that_is_lost_or_damaged_is_refused_with_the_command_that_rebuilds_it(
    tmp_path: Path, create: Create, damage: Callable[[Path], None]
) -> None:
    damage(create(tmp_path / "the out").paths.ledger_file)

    with pytest.raises(RunDirectoryError, match=r"ledger.*rebuild it with `seedscope repair '.*/the out'`"):
        open_run_directory(tmp_path / "the out")


@pytest.mark.parametrize("damage", [_lose, _empty, _truncate, _scribble])
def test_directory_is_recognised_whatever_its_ledger_is_like(
    tmp_path: Path, create: Create, damage: Callable[[Path], None]
) -> None:
    damage(create(tmp_path / "out").paths.ledger_file)

    assert recognize_run_directory(tmp_path / "out").config.name == "tiny"


@pytest.mark.parametrize("look", [open_run_directory, recognize_run_directory])
def test_looking_at_a_directory_changes_nothing(
    tmp_path: Path, create: Create, look: Callable[[Path], RunDirectory]
) -> None:
    create(tmp_path / "out")
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}

    look(tmp_path / "out")

    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before


def test_missing_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="there is no run directory"):
        open_run_directory(tmp_path / "nowhere")
