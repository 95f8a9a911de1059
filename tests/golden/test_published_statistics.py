"""The statistics of the published grid, against the figures printed there and recomputed from it."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import analyze_frame
from analysis.mixed_model import Likelihood, MixedModel, fit_mixed_model


@pytest.fixture(scope="module")
def results(published):
    frame = published.assign(val_ppl=np.exp(published["val_loss"]))
    deltas = frame.groupby("seed")["val_loss"].diff()
    frame["rolling_volatility"] = deltas.groupby(frame["seed"]).transform(lambda d: d.rolling(5, min_periods=2).std())
    return analyze_frame(frame, metrics=("val_loss", "val_ppl", "rolling_volatility"))


def pair(results, a, b):
    rows = results["metrics"]["val_loss"]["pairwise"]
    return next(row for row in rows if (row["a"], row["b"]) == (a, b))


def test_loss_anova_is_the_published_one(results):
    anova = results["metrics"]["val_loss"]["rm_anova"]

    assert anova["F"] == pytest.approx(10030.8667, abs=5e-5)
    assert (anova["df_effect"], anova["df_error"]) == (20, 100)
    assert anova["ges"] == pytest.approx(0.999295, abs=5e-7)
    assert anova["pes"] == pytest.approx(0.999502, abs=5e-7)
    assert anova["ss"]["effect"] == pytest.approx(159.547, abs=5e-4)
    assert anova["ss"]["error"] == pytest.approx(0.0795278, abs=5e-8)
    assert anova["ss"]["subject"] == pytest.approx(0.033098, abs=5e-7)


def test_loss_epsilons_and_corrected_p(results):
    anova = results["metrics"]["val_loss"]["rm_anova"]

    assert anova["epsilon"]["gg"] == pytest.approx(0.154692, abs=5e-7)
    assert anova["epsilon"]["gg_ceiling"] == 0.25
    assert anova["epsilon"]["hf"] == pytest.approx(0.434459, abs=5e-7)
    assert anova["epsilon"]["cm"] == pytest.approx(0.265996, abs=5e-7)
    assert anova["epsilon"]["lb"] == 0.05
    assert anova["p"]["uncorrected"] == pytest.approx(9.29e-156, rel=1e-3)
    assert anova["p"]["gg"] == pytest.approx(1.037e-25, rel=1e-3)
    assert anova["p"]["hf"] == pytest.approx(7.8e-69, rel=1e-2)
    assert anova["p"]["cm"] == pytest.approx(6.8e-43, rel=1e-2)
    assert anova["p"]["lb"] == pytest.approx(1.88e-9, rel=1e-2)
    assert anova["headline"] == "gg"


def test_mauchly_at_six_seeds_is_undefined(results):
    reason = results["metrics"]["val_loss"]["rm_anova"]["mauchly"]["undefined"]

    assert "n - 1 = 5 < k - 1 = 20" in reason


def test_sign_flip_reaches_its_floor(results):
    sign_flip = results["metrics"]["val_loss"]["sign_flip"]

    assert (sign_flip["p"], sign_flip["p_floor"], sign_flip["num_flips"]) == (0.03125, 0.03125, 32)


def test_apa_line(results):
    assert results["metrics"]["val_loss"]["apa"] == (
        "F(20, 100) = 10,030.87, eps_GG = .15 [ceiling .25], eps_CM = .27, p_GG < .001, exact sign-flip p = .031 "
        "(floor .031), ges > .99; Mauchly undefined (n - 1 = 5 < k - 1 = 20)"
    )


def test_perplexity_anova(results):
    anova = results["metrics"]["val_ppl"]["rm_anova"]

    assert anova["F"] == pytest.approx(21061.95, abs=5e-3)
    assert anova["epsilon"]["gg"] == pytest.approx(0.050402, abs=5e-7)
    assert anova["epsilon"]["hf"] == pytest.approx(0.050705, abs=5e-7)
    assert anova["epsilon"]["cm"] == 0.05  # clipped to its lower bound
    assert anova["p"]["gg"] == pytest.approx(2.51e-10, rel=1e-3)
    assert anova["ges"] == pytest.approx(0.999750, abs=5e-7)


def test_perplexity_is_reported_as_the_same_curve(results):
    assert any("val_ppl is exp(val_loss): the same curve again" in text for text in results["audit"]["warnings"])


def test_volatility_anova_drops_the_two_undefined_levels(results):
    volatility = results["metrics"]["rolling_volatility"]
    anova = volatility["rm_anova"]

    assert (anova["df_effect"], anova["df_error"]) == (18, 90)
    assert anova["F"] == pytest.approx(15390.48, abs=5e-3)
    assert anova["epsilon"]["gg"] == pytest.approx(0.1323, abs=5e-5)
    assert anova["p"]["gg"] == pytest.approx(2.64e-21, rel=2e-3)
    assert anova["ss"]["error"] == pytest.approx(0.0331161, abs=5e-8)
    dropped = [item["id"] for item in results["audit"]["dropped"] if item["metric"] == "rolling_volatility"]
    assert dropped == ["0", "1"]


def test_without_the_initial_state(published):
    anova = analyze_frame(published[published["interval"] > 0])["metrics"]["val_loss"]["rm_anova"]

    assert (anova["df_effect"], anova["df_error"]) == (19, 95)
    assert anova["F"] == pytest.approx(1215.85, abs=5e-3)
    assert anova["epsilon"]["gg"] == pytest.approx(0.162539, abs=5e-7)


@pytest.mark.parametrize(
    ("first", "f", "df", "p_gg", "p_cm", "ges"),
    # published-study.md 7.4: volatility whose windows are free of the first drop
    [(6, 45.9, (14, 70), None, None, 0.844), (7, 2.69, (13, 65), 0.110, 0.103, 0.235)],
)
def test_volatility_without_the_first_drop(published, first, f, df, p_gg, p_cm, ges):
    deltas = published.groupby("seed")["val_loss"].diff()
    volatility = deltas.groupby(published["seed"]).transform(lambda d: d.rolling(5, min_periods=2).std())
    frame = published.assign(volatility=volatility)

    anova = analyze_frame(frame[frame["interval"] >= first], metrics=("volatility",))["metrics"]["volatility"][
        "rm_anova"
    ]

    assert (anova["df_effect"], anova["df_error"]) == df
    assert anova["F"] == pytest.approx(f, rel=2e-3)
    assert anova["ges"] == pytest.approx(ges, abs=5e-4)
    if p_gg is not None:
        assert anova["p"]["gg"] == pytest.approx(p_gg, abs=5e-4)
        assert anova["p"]["cm"] == pytest.approx(p_cm, abs=5e-4)


@pytest.mark.parametrize(
    ("a", "b", "t"), [(0, 1, 937.45), (0, 20, 284.29), (3, 4, 11.13), (4, 5, -1.65), (4, 20, -64.30), (18, 20, 0.14)]
)
def test_paired_t(results, a, b, t):
    assert pair(results, a, b)["t"] == pytest.approx(t, abs=5e-3)


@pytest.mark.parametrize(
    ("a", "b", "p"), [(0, 20, 2.1e-9), (3, 4, 0.0215), (4, 5, 1.0), (4, 20, 3.6e-6), (18, 20, 1.0)]
)
def test_bonferroni_p(results, a, b, p):
    assert pair(results, a, b)["p_bonferroni"] == pytest.approx(p, rel=3e-2)


def test_significant_pairs(results):
    rows = results["metrics"]["val_loss"]["pairwise"]

    assert len(rows) == 210
    assert sum(row["p_bonferroni"] < 0.05 for row in rows) == 179
    assert sum(row["p_holm"] < 0.05 for row in rows) == 193


def test_final_minus_minimum(results):
    rise = results["metrics"]["val_loss"]["summaries"]["final_minus_minimum"]

    assert rise["interval"]["mean"] == pytest.approx(1.1026, abs=5e-5)
    assert rise["interval"]["ci95_low"] == pytest.approx(1.0588, abs=5e-5)
    assert rise["interval"]["ci95_high"] == pytest.approx(1.1464, abs=5e-5)
    assert (rise["num_positive"], rise["num_seeds"]) == (6, 6)
    assert "even where nothing rises" in rise["p"]["undefined"]


def test_minimum_by_seed_and_of_the_mean(results):
    summaries = results["metrics"]["val_loss"]["summaries"]

    assert [row["level"] for row in summaries["minimum"]] == [5, 4, 5, 4, 4, 5]
    assert summaries["lowest_mean"]["level"] == 4
    assert summaries["lowest_mean"]["mean"] == pytest.approx(2.7996, abs=5e-5)


def test_descriptive_means_and_deviations(results):
    rows = results["metrics"]["val_loss"]["descriptive"]

    # published-study.md section 6
    assert [round(rows[level]["mean"], 4) for level in (0, 1, 4, 20)] == [8.3552, 3.6949, 2.7996, 3.9010]
    assert [round(rows[level]["sd"], 4) for level in (0, 1, 4, 20)] == [0.0167, 0.0188, 0.0166, 0.0355]


def test_friedman_agrees_with_scipy(results, published):
    wide = published.pivot(index="seed", columns="interval", values="val_loss").to_numpy()
    expected = stats.friedmanchisquare(*wide.T)

    friedman = results["metrics"]["val_loss"]["friedman"]

    assert friedman["Q"] == pytest.approx(expected.statistic)
    assert friedman["p"] == pytest.approx(expected.pvalue)


def test_counts_in_the_design_are_those_used(results: dict, published: pd.DataFrame):
    assert results["design"] == {
        "subject": "seed",
        "within": "interval",
        "num_subjects": 6,
        "num_levels": 21,
        "condition": "base",
    }
    assert len(published) == 126


def test_slope_from_interval_five_on(results):
    slope = results["metrics"]["val_loss"]["summaries"]["slope_after_minimum"]

    # published-study.md 7.4: +.625 nats per doubling of tokens [.599, .652] from interval 5 on
    assert (slope["from_level"], slope["to_level"]) == (5, 20)
    interval = slope["measure"]["interval"]
    assert (interval["mean"], interval["ci95_low"], interval["ci95_high"]) == pytest.approx(
        (0.6255, 0.5992, 0.6517), abs=2e-4
    )


def test_without_the_initial_state_stands_beside_the_whole(results):
    part = results["metrics"]["val_loss"]["without_first_level"]

    assert part["left_out"] == 0
    assert part["rm_anova"]["F"] == pytest.approx(1215.85, abs=5e-3)
    assert part["sign_flip"]["p"] == 0.03125


def test_interval_eighteen_is_not_told_from_the_last(results):
    last = results["metrics"]["val_loss"]["simultaneous"]["references"]["last"]
    row = next(row for row in last["rows"] if row["level"] == 18)

    # t = .14 between intervals 18 and 20: published-study.md section 6
    assert row["t"] == pytest.approx(0.14, abs=5e-3)
    assert row["sim95_low"] < 0 < row["sim95_high"]
    assert row["p_holm"] > 0.8
    assert row["p_max_t"] == 1


def test_mixed_model_of_the_published_study(published):
    wide = published.pivot(index="seed", columns="interval", values="val_loss").to_numpy()
    model = fit_mixed_model(wide, method=Likelihood.ML)

    # published-study.md section 6: log-likelihood 275.96, scale .0007
    assert isinstance(model, MixedModel)
    assert model.log_likelihood == pytest.approx(275.96, abs=5e-3)
    assert model.residual_sd**2 == pytest.approx(0.0007, abs=5e-5)


def test_loss_turns_at_four_to_five_million_tokens(results):
    changes = results["metrics"]["val_loss"]["change_points"]

    assert changes["shared"][0] == 4
    assert {row["levels"][0] for row in changes["per_seed"]} == {4}


def test_volatility_is_no_second_finding(results):
    assert any("rolling_volatility is computed from val_loss" in text for text in results["audit"]["warnings"])
