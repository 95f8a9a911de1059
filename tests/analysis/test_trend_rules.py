"""The three rules against regressions by other programs and trajectories whose class is known."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from analysis.trends.classify import class_shares, classify
from analysis.trends.rules import TrendClass, TrendRule, trend_window
from analysis.trends.slopes import ols_slopes
from analysis.undefined import Undefined

RULES = list(TrendRule)
# The checkpoints of the published 1.3B model, in steps (Xia et al. 2023, appendix): 2K to 38K, then 40K to 260K.
PUBLISHED_STEPS = np.array([*range(2_000, 40_000, 4_000), *range(40_000, 280_000, 20_000)])
EVEN_STEPS = np.arange(0, 2_100, 100)


def classes_of(losses, *, rule, steps=EVEN_STEPS, start_fraction=0.1):
    return classify(np.atleast_2d(losses), window=trend_window(steps, rule=rule, start_fraction=start_fraction)).classes


def perplexities(values):
    """Losses, constant at the initial state, whose perplexities over the twenty checkpoints are `values`."""
    return np.log(np.concatenate([[1_000.0], values]))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("start_fraction", [0.1, 0.4, 0.7])
def test_every_token_is_classified_as_by_statsmodels(rule, start_fraction):
    rng = np.random.default_rng(3)
    drift = rng.normal(0, 0.02, (200, 1)) * np.log(PUBLISHED_STEPS)
    losses = rng.uniform(0.1, 8, (200, 1)) + drift + rng.normal(0, 0.03, (200, len(PUBLISHED_STEPS)))
    window = trend_window(PUBLISHED_STEPS, rule=rule, start_fraction=start_fraction)

    labels = classify(losses, window=window)

    start = int(np.abs(PUBLISHED_STEPS - start_fraction * 260_000).argmin())
    stagnation_start = int(start_fraction * 22) if rule is TrendRule.CODE_LOGSTEP else start
    for row, token in enumerate(losses):
        values = token[start:] if rule is TrendRule.LOSS_INDEX else np.exp(token[start:]) / np.exp(token[start])
        points = np.log(PUBLISHED_STEPS[start:]) if rule is TrendRule.CODE_LOGSTEP else np.arange(22 - start)
        fit = sm.OLS(values, sm.add_constant(points.astype(float))).fit()
        assert labels.slopes.slope[row] == pytest.approx(fit.params[1], rel=1e-9, abs=1e-14)
        assert labels.slopes.p[row] == pytest.approx(fit.pvalues[1], rel=1e-7)
        assert labels.classes[row] == expected_class(fit, np.exp(token[stagnation_start:]), rule=rule)
    assert set(labels.classes) == {0, 1, 2, 3}


def expected_class(fit, perplexity, *, rule):
    """The class by the words of the paper, or of its code: one token, one branch after the other."""
    if fit.pvalues[1] < 0.05:
        return TrendClass.UPWARD if fit.params[1] > 0 else TrendClass.DOWNWARD
    mean = stats.gmean(perplexity)
    if rule is TrendRule.CODE_LOGSTEP:
        near = 0.95 < mean / perplexity[0] < 1.05 and 0.95 < mean / perplexity[-1] < 1.05
        return TrendClass.STAGNATED if near and np.var(perplexity) < mean else TrendClass.UNCLASSIFIED
    near = 0.95 <= perplexity[0] / mean <= 1.05 and 0.95 <= perplexity[-1] / mean <= 1.05
    return TrendClass.STAGNATED if near else TrendClass.UNCLASSIFIED


@pytest.mark.parametrize("rule", RULES)
def test_exact_lines_are_trends_and_constants_stagnate(rule):
    rising, falling, flat = np.linspace(4, 5, 20), np.linspace(5, 4, 20), np.full(20, 4.2)

    classes = classes_of([perplexities(values) for values in (rising, falling, flat)], rule=rule)

    assert classes.tolist() == [TrendClass.UPWARD, TrendClass.DOWNWARD, TrendClass.STAGNATED]


@pytest.mark.parametrize("rule", [TrendRule.PAPER_INDEX, TrendRule.LOSS_INDEX])
def test_a_symmetric_valley_is_unclassified_where_it_is_deep_and_stagnated_where_it_is_shallow(rule):
    # From 10 % on 19 checkpoints are left, so that the valley is symmetric about the tenth of them.
    valley = np.concatenate([[0.0], np.abs(np.arange(-9, 10)) / 9])

    classes = classes_of([perplexities(5 + 4 * valley), perplexities(5 + 0.2 * valley)], rule=rule)

    assert classes.tolist() == [TrendClass.UNCLASSIFIED, TrendClass.STAGNATED]


def test_a_common_factor_on_the_perplexity_changes_no_class_but_under_the_code_s_rule():
    steady = np.tile([1.0, 1.04], 10)

    by_rule = {rule: classes_of([perplexities(f * steady) for f in (2, 9_000)], rule=rule).tolist() for rule in RULES}

    assert by_rule[TrendRule.PAPER_INDEX] == by_rule[TrendRule.LOSS_INDEX] == [TrendClass.STAGNATED] * 2
    # The variance is .0004 x f^2 and the mean about 1.02 f: smaller for f = 2, larger from f = 2,550 on.
    assert by_rule[TrendRule.CODE_LOGSTEP] == [TrendClass.STAGNATED, TrendClass.UNCLASSIFIED]


def test_windows_start_where_paper_and_code_start_them():
    paper = trend_window(PUBLISHED_STEPS, rule=TrendRule.PAPER_INDEX, start_fraction=0.3)
    code = trend_window(PUBLISHED_STEPS, rule=TrendRule.CODE_LOGSTEP, start_fraction=0.3)

    # .3 x 260,000 = 78,000; the nearest step is 80,000, the thirteenth of 22 checkpoints; int(.3 x 22) = 6.
    assert (paper.start, paper.stagnation_start, paper.num_points) == (12, 12, 10)
    assert (code.start, code.stagnation_start, code.num_points) == (12, 6, 10)
    assert code.points[0] == np.log(80_000)


def test_the_initial_state_is_no_checkpoint_of_a_trend():
    window = trend_window(EVEN_STEPS, rule=TrendRule.CODE_LOGSTEP, start_fraction=0.0)

    assert (window.start, window.stagnation_start, window.num_points) == (1, 1, 20)
    assert np.isfinite(window.points).all()


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([0, 1, 2], "2 checkpoints from 10 % of training on"),
        ([0, 1], "1 checkpoint from 10 % of training on"),
        ([0], "no checkpoint after the initial state"),
    ],
)
def test_too_few_checkpoints_are_said(steps, words):
    window = trend_window(np.array(steps), rule=TrendRule.PAPER_INDEX, start_fraction=0.1)

    assert isinstance(window, Undefined)
    assert words in window.reason


def test_slopes_equal_scipy_s():
    rng = np.random.default_rng(5)
    points, values = np.sort(rng.uniform(0, 9, 12)), rng.normal(0, 1, (30, 12))

    slopes = ols_slopes(values, points=points)

    fits = [stats.linregress(points, row) for row in values]
    assert slopes.slope == pytest.approx([fit.slope for fit in fits])
    assert slopes.p == pytest.approx([fit.pvalue for fit in fits])
    assert slopes.p_rising == pytest.approx(
        [stats.linregress(points, row, alternative="greater").pvalue for row in values]
    )


def test_a_trajectory_without_spread_has_slope_zero_and_p_one():
    slopes = ols_slopes(np.full((1, 5), 1 / 3), points=np.arange(5.0))

    assert (slopes.slope[0], slopes.t[0], slopes.p[0]) == (0, 0, 1)


@pytest.mark.parametrize("rule", RULES)
def test_white_noise_rises_and_falls_in_two_and_a_half_percent(rule):
    losses = 3 + np.random.default_rng(7).normal(0, 0.01, (65_536, 21))

    shares = class_shares(classes_of(losses, rule=rule))

    # Binomial standard error at 2.5 % of 65,536: .06 points.
    assert shares[[TrendClass.UPWARD, TrendClass.DOWNWARD]] == pytest.approx([0.025, 0.025], abs=0.003)


@pytest.mark.parametrize(("num_points", "share"), [(10, 0.54), (15, 0.65), (20, 0.71)])
def test_random_walks_are_mostly_called_trends(num_points, share):
    # Share of p < .05 of scipy.stats.linregress over 20,000 other walks of 10, 15 and 20 points: .547, .655, .699.
    walks = np.random.default_rng(8).normal(0, 0.1, (40_000, num_points)).cumsum(axis=1)
    window = trend_window(np.arange(1, num_points + 1), rule=TrendRule.LOSS_INDEX, start_fraction=0.0)

    shares = class_shares(classify(walks, window=window).classes)

    assert shares[TrendClass.UPWARD] + shares[TrendClass.DOWNWARD] == pytest.approx(share, abs=0.015)
