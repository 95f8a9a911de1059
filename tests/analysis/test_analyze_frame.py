"""The dictionary has the schema's keys, and wrong input is one clear sentence."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis import Pairs, analyze_frame, statistics_to_json
from configs.errors import TableError


def test_keys_are_those_of_the_schema(long_form, noisy_grid):
    statistics = analyze_frame(long_form(noisy_grid))
    metric = statistics["metrics"]["val_loss"]

    assert list(statistics) == ["schema_version", "design", "audit", "metrics", "telemetry", "stopping"]
    assert statistics["schema_version"] == 1
    assert list(statistics["design"]) == ["subject", "within", "num_subjects", "num_levels", "condition"]
    assert list(statistics["audit"]) == ["dropped", "counts", "warnings"]
    assert list(metric) == [
        "num_subjects",
        "num_levels",
        "descriptive",
        "rm_anova",
        "sign_flip",
        "friedman",
        "pairwise",
        "pairwise_family",
        "summaries",
        "apa",
        "axis",
        "without_first_level",
        "simultaneous",
        "variability",
        "mixed_model",
        "change_points",
        "planning",
    ]
    assert list(metric["descriptive"][0]) == ["level", "n", "mean", "sd", "ci95_low", "ci95_high"]
    assert set(metric["rm_anova"]) == {
        "F",
        "df_effect",
        "df_error",
        "ges",
        "pes",
        "ss",
        "epsilon",
        "p",
        "headline",
        "mauchly",
    }
    assert list(metric["rm_anova"]["epsilon"]) == ["gg", "gg_ceiling", "hf", "hf_raw", "cm", "lb"]
    assert list(metric["rm_anova"]["p"]) == ["uncorrected", "gg", "hf", "cm", "lb"]
    assert list(metric["rm_anova"]["mauchly"]) == ["W", "chi2", "df", "p"]
    assert set(metric["sign_flip"]) >= {"p", "p_floor", "num_flips"}
    assert set(metric["friedman"]) >= {"Q", "kendall_w", "df", "p"}
    assert list(metric["pairwise"][0]) == [
        "a",
        "b",
        "mean_difference",
        "ci95_low",
        "ci95_high",
        "t",
        "df",
        "p",
        "p_bonferroni",
        "p_holm",
        "hedges_g",
    ]


def test_values_are_plain_python(long_form, noisy_grid):
    def leaves(tree):
        if isinstance(tree, dict):
            return [leaf for value in tree.values() for leaf in leaves(value)]
        if isinstance(tree, list):
            return [leaf for value in tree for leaf in leaves(value)]
        return [tree]

    statistics = analyze_frame(long_form(noisy_grid))

    assert {type(leaf) for leaf in leaves(statistics)} <= {int, float, str, bool, type(None)}
    assert json.loads(statistics_to_json(statistics)) == statistics


def test_order_of_rows_does_not_matter(long_form, noisy_grid):
    frame = long_form(noisy_grid)

    first = analyze_frame(frame)["metrics"]["val_loss"]
    shuffled = analyze_frame(frame.sample(frac=1, random_state=0))["metrics"]["val_loss"]

    assert shuffled == first


def test_frame_is_left_as_it_was(long_form, noisy_grid):
    frame = long_form(noisy_grid)
    before = frame.copy()
    analyze_frame(frame)

    pd.testing.assert_frame_equal(frame, before)


def test_pairs_are_a_minus_b(long_form, noisy_grid):
    row = analyze_frame(long_form(noisy_grid))["metrics"]["val_loss"]["pairwise"][0]

    assert row["mean_difference"] == pytest.approx(noisy_grid[:, 0].mean() - noisy_grid[:, 1].mean())
    assert row["t"] > 0
    assert row["hedges_g"] > 0


@pytest.mark.parametrize(
    ("num_levels", "pairs", "expected"),
    [
        (60, Pairs.AUTO, 1770),
        (61, Pairs.AUTO, 60),
        (61, Pairs.ALL, 1830),
        (4, Pairs.REFERENCE, 3),
    ],
)
def test_many_levels_are_compared_with_the_first_only(long_form, num_levels, pairs, expected):
    grid = np.random.default_rng(0).normal(size=(4, num_levels))
    metric = analyze_frame(long_form(grid), pairs=pairs)["metrics"]["val_loss"]

    assert len(metric["pairwise"]) == metric["pairwise_family"]["num_pairs"] == expected
    if expected == num_levels - 1:
        assert {row["a"] for row in metric["pairwise"]} == {0}


def test_duplicate_cell_is_named_and_never_averaged(long_form, noisy_grid):
    frame = long_form(noisy_grid)
    frame = pd.concat([frame, frame.iloc[[5]]])

    with pytest.raises(TableError, match="seed=2, interval=1 appears 2 times"):
        analyze_frame(frame)


def test_missing_column_names_the_nearest(long_form, noisy_grid):
    with pytest.raises(TableError, match="no column 'valloss'; did you mean 'val_loss'"):
        analyze_frame(long_form(noisy_grid), metrics=("valloss",))


def test_missing_column_far_from_any_lists_what_there_is(long_form, noisy_grid):
    with pytest.raises(TableError, match="its columns are 'seed', 'interval', 'val_loss'"):
        analyze_frame(long_form(noisy_grid), subject="xyz")


def test_text_in_a_metric_names_its_row(long_form, noisy_grid):
    frame = long_form(noisy_grid).astype({"val_loss": object})
    frame.loc[6, "val_loss"] = "three"

    with pytest.raises(TableError, match="data row 7 has val_loss='three', which is not a number"):
        analyze_frame(frame)


def test_row_without_a_label_is_an_error(long_form, noisy_grid):
    frame = long_form(noisy_grid).astype({"interval": float})
    frame.loc[2, "interval"] = np.nan

    with pytest.raises(TableError, match="data row 3 has no 'interval'"):
        analyze_frame(frame)


@pytest.mark.parametrize("metrics", [(), ("val_loss", "val_loss"), ("seed",)])
def test_metrics_must_be_named_once(long_form, noisy_grid, metrics):
    with pytest.raises(TableError):
        analyze_frame(long_form(noisy_grid), metrics=metrics)


def test_frame_without_rows_is_an_error():
    with pytest.raises(TableError, match="no rows"):
        analyze_frame(pd.DataFrame({"seed": [], "interval": [], "val_loss": []}))


def test_several_conditions_are_refused(long_form, noisy_grid):
    frame = pd.concat([long_form(noisy_grid).assign(condition=name) for name in ("small", "large")])

    with pytest.raises(TableError, match=r"2 conditions \(small, large\)"):
        analyze_frame(frame)


def test_single_condition_is_named(long_form, noisy_grid):
    assert analyze_frame(long_form(noisy_grid).assign(condition="small"))["design"]["condition"] == "small"


def test_condition_can_be_the_within_factor():
    frame = pd.DataFrame(
        [(seed, name, seed + size + seed * size % 3) for seed in range(6) for size, name in enumerate("abc")],
        columns=["seed", "condition", "final_loss"],
    )

    statistics = analyze_frame(frame, "seed", "condition", ("final_loss",))

    assert [row["level"] for row in statistics["metrics"]["final_loss"]["descriptive"]] == ["a", "b", "c"]


def test_few_seeds_are_told_the_floor(long_form, noisy_grid):
    warnings = analyze_frame(long_form(noisy_grid))["audit"]["warnings"]

    assert warnings == ["val_loss: with 5 seeds the exact sign-flip p cannot fall below .062"]


def test_apa_line_with_mauchly_and_without_ceiling(long_form):
    grid = np.random.default_rng(4).normal(size=(8, 3))
    metric = analyze_frame(long_form(grid))["metrics"]["val_loss"]

    assert "[ceiling" not in metric["apa"]
    assert "; Mauchly W = ." in metric["apa"]
    assert "exact sign-flip p = ." in metric["apa"]


def test_apa_line_of_monte_carlo_says_so(long_form):
    grid = np.random.default_rng(4).normal(size=(16, 3))

    assert "Monte Carlo sign-flip p = ." in analyze_frame(long_form(grid))["metrics"]["val_loss"]["apa"]


def test_final_minus_reference_uses_one_level_for_all_seeds(long_form):
    grid = [[3.0, 1.0, 2.0], [3.0, 2.0, 1.9], [3.0, 1.0, 2.5]]
    summaries = analyze_frame(long_form(grid))["metrics"]["val_loss"]["summaries"]

    assert summaries["lowest_mean"]["level"] == 1
    assert [row["value"] for row in summaries["final_minus_minimum"]["per_seed"]] == pytest.approx([1.0, 0.0, 1.5])
    assert [row["value"] for row in summaries["final_minus_reference"]["per_seed"]] == pytest.approx([1.0, -0.1, 1.5])
    assert summaries["final_minus_reference"]["num_positive"] == 2
    assert "lies low" in summaries["note"]
