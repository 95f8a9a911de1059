"""Run directories are compared as they lie on disk, and none of them is changed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from configs.errors import ConfigurationError, TableError
from configs.experiment import ExperimentConfig
from configs.run_paths import RunPaths
from orchestrator.compare import compare_sources
from orchestrator.launch import Finish

THREE_SEEDS = {"seeds": [1, 2, 3]}


@pytest.fixture(scope="module")
def runs(
    tiny_config: Callable[..., ExperimentConfig],
    run_inline: Callable[..., Finish],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A directory with four experiments: narrow, wide (both on seeds 1 to 3), conditions, and another slice."""
    root = tmp_path_factory.mktemp("runs")
    run_inline(tiny_config(**THREE_SEEDS), root / "narrow")
    run_inline(tiny_config(**THREE_SEEDS, name="wide", model={"width": 32}), root / "wide")
    conditions = {"small": {"model.mlp_width": 16}, "large": {"model.mlp_width": 64}}
    run_inline(tiny_config(**THREE_SEEDS, name="sizes", conditions=conditions), root / "sizes")
    run_inline(tiny_config(**THREE_SEEDS, name="shifted", evaluation={"offset": 16}), root / "shifted")
    return root


def read_strictly(path: Path) -> dict[str, Any]:
    def refuse(token: str) -> None:
        raise AssertionError(token)

    result: dict[str, Any] = json.loads(path.read_text(), parse_constant=refuse)
    return result


def final_losses(root: Path) -> "np.ndarray":
    table = pd.read_csv(RunPaths(root).table_csv)
    return table[table["interval"] == table["interval"].max()]["val_loss"].to_numpy()


def test_two_experiments_are_compared_by_seed(runs: Path, tmp_path: Path) -> None:
    compared = compare_sources([runs / "narrow", runs / "wide"], out=tmp_path)

    result = read_strictly(compared.json_file)
    comparison = result["metrics"]["val_loss"]["comparisons"][0]
    expected = stats.ttest_rel(final_losses(runs / "wide"), final_losses(runs / "narrow"))
    assert (comparison["a"], comparison["b"], comparison["pairing"]) == ("tiny", "wide", "paired")
    assert comparison["final"]["p"] == pytest.approx(expected.pvalue)
    assert [field["field"] for field in result["differs"]["config"]] == ["model.width"]
    assert "wide minus tiny, paired by 3 seeds" in " ".join(compared.sentences)
    assert compared.markdown_file.read_text().startswith("# tiny against wide\n")


def test_conditions_of_one_experiment_are_compared(runs: Path, tmp_path: Path) -> None:
    compared = compare_sources([runs / "sizes"], out=tmp_path)

    result = read_strictly(compared.json_file)
    assert [side["name"] for side in result["sides"]] == ["sizes/large", "sizes/small"]
    assert result["differs"]["config"] == [
        {"field": "model.mlp_width", "values": {"sizes/large": 64, "sizes/small": 16}}
    ]
    of_analysis = read_strictly(RunPaths(runs / "sizes").statistics_file)["condition_by_interval"]["val_loss"]
    of_comparison = result["metrics"]["val_loss"]
    assert of_comparison["interaction"] == of_analysis["interaction"]
    assert of_comparison["comparisons"][0]["final"] == of_analysis["comparisons"][0]["final"]


def test_sources_are_left_as_they_were(runs: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in runs.rglob("*") if path.is_file()}

    compare_sources([runs / "narrow", runs / "wide", runs / "sizes"], out=tmp_path)

    assert {path: path.read_bytes() for path in runs.rglob("*") if path.is_file()} == before


def test_copies_under_one_name_are_told_apart_by_their_directories(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "narrow", tmp_path / "again")

    compared = compare_sources([runs / "narrow", tmp_path / "again"], out=tmp_path)

    assert [side["name"] for side in read_strictly(compared.json_file)["sides"]] == ["narrow", "again"]
    assert any("one replays the other" in sentence for sentence in compared.sentences)


def test_table_may_stand_for_a_run(runs: Path, tmp_path: Path) -> None:
    shutil.copy(RunPaths(runs / "wide").table_csv, tmp_path / "theirs.csv")

    compared = compare_sources([runs / "narrow", tmp_path / "theirs.csv"], out=tmp_path)

    assert any("theirs is a bare table" in sentence for sentence in compared.sentences)


def test_other_evaluation_slice_is_refused_and_nothing_is_written(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="evaluated on different tokens"):
        compare_sources([runs / "narrow", runs / "shifted"], out=tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_slice_is_known_by_its_tokens_and_not_by_its_offset(runs: Path, tmp_path: Path) -> None:
    # The stream of the copy begins 16 tokens later, so that its offset 16 names other tokens than before.
    shutil.copytree(runs / "shifted", tmp_path / "shifted")
    stream = RunPaths(tmp_path / "shifted").stream_file("validation")
    np.save(
        stream,
        np.concatenate([np.zeros(16, dtype=np.uint16), np.load(RunPaths(runs / "narrow").stream_file("validation"))]),
    )

    compared = compare_sources([runs / "narrow", tmp_path / "shifted"], out=tmp_path / "out")

    assert compared.json_file.is_file()


def test_single_condition_has_nothing_to_be_compared_with(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds one condition, which has nothing to be compared with"):
        compare_sources([runs / "narrow"], out=tmp_path)


def test_source_named_twice_is_refused(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is named twice"):
        compare_sources([runs / "narrow", runs / "wide" / ".." / "narrow"], out=tmp_path)


def test_directory_that_is_no_run_is_refused(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="is not a run directory"):
        compare_sources([runs / "narrow", tmp_path], out=tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("seed,interval\n1,0\n", "no column 'val_loss'"),
        ("seed,interval,val_loss\n1,early,2\n1,late,3\n", "interval='early' is not a whole number"),
        ("seed,interval,val_loss\n1,0,2\n1,0,3\n", "appears 2 times"),
    ],
)
def test_malformed_table_is_one_sentence(runs: Path, tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "bad.csv").write_text(content)

    with pytest.raises(TableError, match=said):
        compare_sources([runs / "narrow", tmp_path / "bad.csv"], out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
