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
    """A directory with six experiments: narrow, wide (both on seeds 1 to 3), conditions, another slice, longer ones."""
    root = tmp_path_factory.mktemp("runs")
    run_inline(tiny_config(**THREE_SEEDS), root / "narrow")
    run_inline(tiny_config(**THREE_SEEDS, name="wide", model={"width": 32}), root / "wide")
    conditions = {"small": {"model.mlp_width": 16}, "large": {"model.mlp_width": 64}}
    run_inline(tiny_config(**THREE_SEEDS, name="sizes", conditions=conditions), root / "sizes")
    longer = {"schedule": {"budget_tokens": 2 * tiny_config().schedule.budget_tokens}}
    run_inline(tiny_config(**THREE_SEEDS, name="longer", **longer), root / "longer")
    run_inline(tiny_config(**THREE_SEEDS, name="wide-longer", **longer, model={"width": 32}), root / "wide-longer")
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


def lowest_losses(root: Path) -> "np.ndarray":
    return pd.read_csv(RunPaths(root).table_csv).groupby("seed")["val_loss"].min().to_numpy()


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


def test_minima_of_a_longer_run_are_its_own(runs: Path, tmp_path: Path) -> None:
    compared = compare_sources([runs / "narrow", runs / "wide-longer"], out=tmp_path)

    minima = read_strictly(compared.json_file)["metrics"]["val_loss"]["minima"][0]
    expected = stats.ttest_rel(*(lowest_losses(runs / name) for name in ("wide-longer", "narrow")))
    assert minima["own"]["value"]["p"] == pytest.approx(expected.pvalue)
    assert "wide-longer ran longer and was measured more often" in " ".join(compared.sentences)
    assert "minimum over all levels of its own side" in compared.markdown_file.read_text()


def test_longer_run_shares_its_data_order_with_the_shorter_one(runs: Path, tmp_path: Path) -> None:
    compared = compare_sources([runs / "narrow", runs / "wide-longer"], out=tmp_path)

    result = read_strictly(compared.json_file)
    sharing = result["sharing"][0]
    assert (sharing["initial_weights"], sharing["data_order"]) == ("different", "shared")
    assert result["warnings"] == []


def test_continuation_is_warned_of_over_the_cells_that_are_shared(runs: Path, tmp_path: Path) -> None:
    compared = compare_sources([runs / "narrow", runs / "longer"], out=tmp_path)

    text = " ".join(compared.sentences)
    assert "hold the same losses bit for bit for seeds 1, 2, 3" in text
    assert "longer minus tiny, paired by 3 seeds: 0 for every seed at each of the 3 shared levels" in text


def test_run_that_was_cut_off_is_known_by_its_ledger(runs: Path, tmp_path: Path) -> None:
    # A command that was killed has left the manifest as it was before the first step.
    shutil.copytree(runs / "wide", tmp_path / "cut")
    paths = RunPaths(tmp_path / "cut")
    paths.manifest_file.write_text(json.dumps(json.loads(paths.manifest_file.read_text()) | {"runs": []}))

    compared = compare_sources([runs / "narrow", tmp_path / "cut"], out=tmp_path / "out")

    assert read_strictly(compared.json_file)["sharing"][0]["initial_weights"] == "different"


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
        ("seed,interval,loss\n1,0,2\n", "the table has no column 'val_loss'"),
        ("trial,interval,val_loss\n1,0,2\n", "it has no column 'seed'"),
        ("seed,budget,val_loss\n1,0,2\n", "it has no column 'interval' or 'step'"),
        ("seed,interval,val_loss\n1,early,2\n1,late,3\n", "interval='early' is not a whole number from 0 on"),
        ("seed,interval,val_loss\n1,0,low\n", "data row 1 has val_loss='low', which is not a number"),
        (
            "seed,interval,val_loss\n1,0,2\n1,0,3\n",
            "the cell seed=1, interval=0 appears 2 times for val_loss (2 and 3)",
        ),
        ("", "it is empty"),
    ],
)
def test_malformed_table_is_named_with_the_reason_and_the_remedy(
    runs: Path, tmp_path: Path, content: str, said: str
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(content)

    with pytest.raises(TableError) as caught:
        compare_sources([bad, runs / "narrow"], out=tmp_path / "out")

    assert str(caught.value) == (
        f"{bad} cannot be compared: {said}; give a run directory, or a table with the columns seed, interval and "
        "val_loss, one row per seed and interval"
    )
    assert not (tmp_path / "out").exists()


def test_levels_of_another_name_are_refused_with_the_remedy(runs: Path, tmp_path: Path) -> None:
    steps = tmp_path / "steps.csv"
    steps.write_text("seed,step,val_loss\n1,0,2\n1,4,1\n2,0,2\n2,4,1\n")

    with pytest.raises(TableError) as caught:
        compare_sources([steps, runs / "narrow"], out=tmp_path / "out")

    assert str(caught.value) == (
        f"{steps} counts its levels by 'step' and {runs / 'narrow'} by 'interval', so that no level of one is known to "
        f"be one of the other; call the column of {steps} 'interval', and number its levels as {runs / 'narrow'} does"
    )
