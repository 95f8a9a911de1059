"""Whatever cannot be had is said, in strict JSON, without an exception."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from analysis import Missing, analyze_frame, statistics_to_json
from configs.errors import TableError

NAN = float("nan")


def analyze(frame, **options):
    """Analyse, and check that the text is strict JSON which says the same."""
    statistics = analyze_frame(frame, **options)
    text = statistics_to_json(statistics)
    assert json.loads(text, parse_constant=lambda token: pytest.fail(f"{token} in statistics.json")) == statistics
    return statistics


def test_one_seed_has_values_but_no_inference(long_form):
    statistics = analyze(long_form([[3.0, 2.0, 1.0]]))
    metric = statistics["metrics"]["val_loss"]

    assert "1 seed left" in metric["rm_anova"]["undefined"]
    assert "undefined" in metric["sign_flip"]
    assert "undefined" in metric["friedman"]
    assert "undefined" in metric["apa"]
    assert metric["descriptive"][0]["mean"] == 3.0
    assert "undefined" in metric["descriptive"][0]["sd"]
    assert metric["pairwise"][0]["mean_difference"] == 1.0
    assert "undefined" in metric["pairwise"][0]["p"]
    assert any("draw no inference" in text for text in statistics["audit"]["warnings"])


def test_one_level_has_no_effect(long_form):
    metric = analyze(long_form([[3.0], [2.0]]))["metrics"]["val_loss"]

    assert "1 level left" in metric["rm_anova"]["undefined"]
    assert "undefined" in metric["sign_flip"]
    assert metric["pairwise"] == []


def test_two_levels_are_the_paired_t_test_squared(long_form, noisy_grid):
    metric = analyze(long_form(noisy_grid[:, :2]))["metrics"]["val_loss"]

    assert metric["rm_anova"]["F"] == pytest.approx(metric["pairwise"][0]["t"] ** 2)
    assert metric["rm_anova"]["p"]["gg"] == pytest.approx(metric["pairwise"][0]["p"])
    assert metric["rm_anova"]["epsilon"]["gg"] == 1
    assert "undefined" in metric["rm_anova"]["mauchly"]


@pytest.mark.parametrize("num_levels", [3, 4])
def test_two_seeds_have_an_f_and_a_status_for_the_rest(long_form, noisy_grid, num_levels):
    metric = analyze(long_form(noisy_grid[:2, :num_levels]))["metrics"]["val_loss"]
    epsilon = metric["rm_anova"]["epsilon"]

    assert math.isfinite(metric["rm_anova"]["F"])
    assert epsilon["gg"] == pytest.approx(1 / (num_levels - 1))
    assert "undefined" in epsilon["hf_raw"]
    assert epsilon["hf"] == 1
    assert "undefined" in epsilon["cm"]
    assert "undefined" in metric["pairwise"][0]["hedges_g"]


def test_identical_seeds_have_no_f_and_are_named(long_form):
    statistics = analyze(long_form([[3.1, 2.2, 1.3]] * 4))
    metric = statistics["metrics"]["val_loss"]

    assert "identical, or parallel" in metric["rm_anova"]["undefined"]
    assert "identical, or parallel" in metric["apa"]["undefined"]
    assert metric["descriptive"][0]["sd"] == 0
    (warning,) = [text for text in statistics["audit"]["warnings"] if "bit-identical" in text]
    assert warning.startswith("val_loss: all 4 seeds are bit-identical: one replicate")
    assert not any("have the same value" in text for text in statistics["audit"]["warnings"])


def test_parallel_seeds_have_no_f(long_form):
    grid = [[3.1 + offset, 2.2 + offset, 1.3 + offset] for offset in (0, 0.1, 0.3, 0.7)]
    statistics = analyze(long_form(grid))
    metric = statistics["metrics"]["val_loss"]

    (warning,) = [text for text in statistics["audit"]["warnings"] if "differ by a constant only" in text]
    assert warning.startswith("val_loss: seeds 1, 2, 3 and 4 differ")
    assert "identical, or parallel" in metric["rm_anova"]["undefined"]
    assert metric["sign_flip"]["p"] == metric["sign_flip"]["p_floor"]
    assert all("undefined" in row["t"] for row in metric["pairwise"])
    assert metric["pairwise"][0]["mean_difference"] == pytest.approx(0.9)


@pytest.mark.parametrize("value", [0.0, 2.5])
def test_equal_values_everywhere(long_form, value):
    metric = analyze(long_form([[value] * 3] * 4))["metrics"]["val_loss"]

    assert metric["rm_anova"]["undefined"] == "all values are equal"
    assert "undefined" in metric["friedman"]
    assert "undefined" in metric["sign_flip"]
    assert metric["summaries"]["final_minus_minimum"]["interval"]["mean"] == 0


def test_flat_seeds_have_no_ranks(long_form):
    metric = analyze(long_form([[1.0] * 3, [2.0] * 3, [3.0] * 3]))["metrics"]["val_loss"]

    assert "undefined" in metric["rm_anova"]
    assert "no ranks" in metric["friedman"]["undefined"]


def test_level_on_which_seeds_agree_is_kept_with_a_warning(long_form, noisy_grid):
    noisy_grid[:, 0] = 8.0
    statistics = analyze(long_form(noisy_grid))

    assert statistics["design"]["num_levels"] == 4
    assert math.isfinite(statistics["metrics"]["val_loss"]["rm_anova"]["F"])
    assert "val_loss: all seeds have the same value at level 0; it is kept" in statistics["audit"]["warnings"]


def test_degrees_of_freedom_promised_stand_beside_those_used(long_form, noisy_grid):
    noisy_grid[:, 0] = NAN
    noisy_grid[2, 2] = NAN
    (count,) = analyze(long_form(noisy_grid))["audit"]["counts"]

    assert count == {
        "metric": "val_loss",
        "num_subjects_given": 5,
        "num_subjects_used": 4,
        "num_levels_given": 4,
        "num_levels_used": 3,
        "df_given": [3, 12],
        "df_used": [2, 6],
    }


@pytest.mark.parametrize(("num_seeds", "is_defined"), [(3, False), (7, False), (8, False), (20, False), (21, True)])
def test_mauchly_exists_from_as_many_seeds_as_levels(long_form, num_seeds, is_defined):
    # A program that computes it all the same calls 3 to 7 seeds spherical, 9 to 20 not, and 8 as its roundings fall.
    grid = np.random.default_rng(num_seeds).normal(size=(num_seeds, 21))
    mauchly = analyze(long_form(grid))["metrics"]["val_loss"]["rm_anova"]["mauchly"]

    assert ("undefined" not in mauchly) == is_defined
    if not is_defined:
        assert f"n - 1 = {num_seeds - 1} < k - 1 = 20" in mauchly["undefined"]


@pytest.mark.parametrize("num_seeds", [2, 3, 6, 10])
def test_epsilon_cannot_exceed_its_ceiling(long_form, num_seeds):
    grid = np.random.default_rng(num_seeds).normal(size=(num_seeds, 21))
    epsilon = analyze(long_form(grid))["metrics"]["val_loss"]["rm_anova"]["epsilon"]

    assert epsilon["gg_ceiling"] == (num_seeds - 1) / 20
    assert 1 / 20 <= epsilon["gg"] <= epsilon["gg_ceiling"]


def test_counts_that_are_all_zero_have_no_test(long_form):
    # Spike counts of a quiet experiment.
    metric = analyze(long_form([[0.0] * 21] * 6))["metrics"]["val_loss"]

    assert metric["rm_anova"]["undefined"] == "all values are equal"
    assert "undefined" in metric["without_first_level"]["rm_anova"]
    assert metric["simultaneous"]["references"]["last"]["rows"] == []
    assert len(metric["simultaneous"]["references"]["last"]["excluded"]) == 20
    assert "undefined" in metric["mixed_model"]
    assert metric["variability"]["outlying_seeds"] == []
    assert metric["change_points"]["shared"] == []


def test_level_undefined_for_every_seed_is_dropped(long_form, noisy_grid):
    noisy_grid[:, 0] = NAN
    statistics = analyze(long_form(noisy_grid))

    assert statistics["design"]["num_levels"] == 3
    assert statistics["metrics"]["val_loss"]["rm_anova"]["df_effect"] == 2
    (dropped,) = statistics["audit"]["dropped"]
    assert dropped == {"what": "level", "id": "0", "why": "undefined for every seed", "metric": "val_loss"}


@pytest.mark.parametrize("as_row", [True, False])
def test_missing_cell_drops_its_seed_by_name(long_form, noisy_grid, as_row):
    frame = long_form(noisy_grid)
    hit = (frame["seed"] == 3) & (frame["interval"] == 2)
    frame = frame.assign(val_loss=frame["val_loss"].mask(hit)) if as_row else frame[~hit]
    statistics = analyze(frame)

    assert statistics["design"]["num_subjects"] == 4
    (dropped,) = statistics["audit"]["dropped"]
    assert (dropped["what"], dropped["id"], dropped["why"]) == ("seed", "3", "missing at level 2")


def test_missing_cell_can_drop_its_level(long_form, noisy_grid):
    noisy_grid[2, 2] = NAN
    statistics = analyze(long_form(noisy_grid), missing=Missing.DROP_LEVELS)

    assert (statistics["design"]["num_subjects"], statistics["design"]["num_levels"]) == (5, 3)
    (dropped,) = statistics["audit"]["dropped"]
    assert (dropped["what"], dropped["id"], dropped["why"]) == ("level", "2", "missing for seed 3")


def test_seed_without_any_value_is_dropped_though_levels_are_to_be(long_form, noisy_grid):
    noisy_grid[2] = NAN
    statistics = analyze(long_form(noisy_grid), missing=Missing.DROP_LEVELS)

    assert (statistics["design"]["num_subjects"], statistics["design"]["num_levels"]) == (4, 4)
    assert [item["id"] for item in statistics["audit"]["dropped"]] == ["3"]


def test_missing_cell_can_be_rejected(long_form, noisy_grid):
    noisy_grid[2, 2] = NAN

    with pytest.raises(TableError, match="the first at seed 3, level 2"):
        analyze_frame(long_form(noisy_grid), missing=Missing.REJECT)


def test_level_undefined_for_every_seed_is_no_reason_to_reject(long_form, noisy_grid):
    noisy_grid[:, 0] = NAN

    assert analyze(long_form(noisy_grid), missing=Missing.REJECT)["design"]["num_levels"] == 3


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e300])
def test_infinite_cell_drops_its_seed(long_form, noisy_grid, value):
    noisy_grid[1, 3] = value
    statistics = analyze(long_form(noisy_grid))

    assert statistics["design"]["num_subjects"] == 4
    assert statistics["audit"]["dropped"][0]["why"] == "infinite or beyond 1e+75 at level 3"


def test_every_seed_incomplete_leaves_nothing(long_form):
    metric = analyze(long_form([[NAN, 1.0, 2.0], [1.0, NAN, 2.0]]))["metrics"]["val_loss"]

    assert (metric["num_subjects"], metric["num_levels"]) == (0, 3)
    assert "0 seeds left" in metric["rm_anova"]["undefined"]
    assert "undefined" in metric["summaries"]
    assert "undefined" in metric["descriptive"][0]["mean"]


def test_metric_without_any_value(long_form):
    metric = analyze(long_form([[NAN] * 3] * 3))["metrics"]["val_loss"]

    assert (metric["num_subjects"], metric["num_levels"]) == (0, 0)
    assert metric["descriptive"] == []


def test_identical_pair_keeps_its_row_and_the_family(long_form, noisy_grid):
    noisy_grid[:, 1] = noisy_grid[:, 0]
    rows = analyze(long_form(noisy_grid))["metrics"]["val_loss"]["pairwise"]

    assert len(rows) == 6
    assert rows[0]["mean_difference"] == 0
    assert "does not vary" in rows[0]["t"]["undefined"]
    assert "does not vary" in rows[0]["p_bonferroni"]["undefined"]
    assert rows[-1]["p_bonferroni"] == pytest.approx(min(1, 6 * rows[-1]["p"]))


def test_large_values_do_not_overflow(long_form, noisy_grid):
    small = analyze(long_form(noisy_grid))["metrics"]["val_loss"]["rm_anova"]
    large = analyze(long_form(noisy_grid * 1e70))["metrics"]["val_loss"]["rm_anova"]

    assert large["F"] == pytest.approx(small["F"])
    assert large["epsilon"]["gg"] == pytest.approx(small["epsilon"]["gg"])


def test_singular_covariance_has_no_mauchly(long_form):
    # Levels 1 and 2 differ by the same amount in every seed, and n - 1 >= k - 1.
    rng = np.random.default_rng(0)
    grid = rng.normal(size=(6, 3))
    grid[:, 2] = grid[:, 1] + 0.5
    anova = analyze(long_form(grid))["metrics"]["val_loss"]["rm_anova"]

    assert "singular" in anova["mauchly"]["undefined"]
    assert anova["epsilon"]["gg"] == pytest.approx(0.5)


def test_frame_without_loss_has_no_telemetry(long_form, noisy_grid):
    statistics = analyze(long_form(noisy_grid, metric="accuracy"), metrics=("accuracy",))

    assert "val_loss" in statistics["telemetry"]["undefined"]


def test_nullable_and_object_columns_are_numbers(long_form, noisy_grid):
    frame = long_form(noisy_grid.round(0))
    frame["val_loss"] = frame["val_loss"].astype("Int64")
    frame.loc[0, "val_loss"] = pd.NA

    assert analyze(frame)["design"]["num_subjects"] == 4
    assert analyze(frame.astype({"val_loss": object}))["design"]["num_subjects"] == 4
