"""Shares against what chance gives, and what is left of them when many tokens are tested."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analysis.trends.classify import classify
from analysis.trends.nulls import NullModel, null_shares, surrogates
from analysis.trends.replicated import replicated_trends
from analysis.trends.rules import TrendClass, TrendRule, trend_window
from analysis.trends.shares import bh_rejected, share_summary, shares_after_bh
from analysis.undefined import Undefined

STEPS = np.arange(1, 21)
WINDOW = trend_window(STEPS, rule=TrendRule.LOSS_INDEX, start_fraction=0.0)


def noise(seed, *, num_tokens=4_000, sd=0.05):
    return 3 + np.random.default_rng(seed).normal(0, sd, (num_tokens, 20))


def walks(seed, *, num_tokens=4_000):
    return 3 + np.random.default_rng(seed).normal(0, 0.05, (num_tokens, 20)).cumsum(axis=1)


def test_permuted_checkpoints_keep_the_values_and_scrambled_phases_keep_the_spectrum():
    values = walks(1, num_tokens=50)

    permuted = surrogates(values, null=NullModel.PERMUTED, rng=np.random.default_rng(2))
    scrambled = surrogates(values, null=NullModel.PHASE_SCRAMBLED, rng=np.random.default_rng(2))

    assert np.sort(permuted) == pytest.approx(np.sort(values))
    assert (permuted != values).any(axis=1).all()
    assert np.abs(np.fft.fft(scrambled)) == pytest.approx(np.abs(np.fft.fft(values)))
    assert (np.abs(scrambled - values).max(axis=1) > 0.01).all()


@pytest.mark.parametrize("num_points", [7, 8])
def test_surrogates_are_real_and_keep_the_mean(num_points):
    values = noise(3, num_tokens=10)[:, :num_points]

    scrambled = surrogates(values, null=NullModel.PHASE_SCRAMBLED, rng=np.random.default_rng(4))

    assert scrambled.shape == values.shape
    assert scrambled.mean(axis=1) == pytest.approx(values.mean(axis=1))


def test_the_permuted_null_of_any_trajectory_is_two_and_a_half_percent_each_way():
    falling = walks(5) - 0.2 * np.arange(20)

    null = null_shares(falling, window=WINDOW, null=NullModel.PERMUTED, rng=np.random.default_rng(6))

    assert null.shares[[TrendClass.UPWARD, TrendClass.DOWNWARD]] == pytest.approx([0.025, 0.025], abs=0.005)


def test_the_scrambled_null_of_a_random_walk_is_nearly_what_the_rule_makes_of_the_walk():
    # The rule calls 70 % of walks of 20 points a trend. A surrogate ends where it began, so that it is called one
    # less often, but many times more often than permuted checkpoints are.
    null = null_shares(walks(7), window=WINDOW, null=NullModel.PHASE_SCRAMBLED, rng=np.random.default_rng(8))

    upward, downward = null.shares[[TrendClass.UPWARD, TrendClass.DOWNWARD]]
    assert upward == pytest.approx(downward, abs=0.02)
    assert 0.3 < upward + downward < 0.7


def test_the_same_generator_gives_the_same_null():
    one, other = (
        null_shares(walks(9), window=WINDOW, null=NullModel.PERMUTED, rng=np.random.default_rng(10)) for _ in range(2)
    )

    assert one.shares.tolist() == other.shares.tolist()


def test_rejections_are_those_of_statsmodels():
    p = np.concatenate([np.random.default_rng(11).uniform(0, 1, 500), np.random.default_rng(12).uniform(0, 0.01, 60)])

    assert bh_rejected(p).tolist() == multipletests(p, alpha=0.05, method="fdr_bh")[0].tolist()


def test_noise_leaves_nothing_after_correction_and_true_trends_stay():
    falling = noise(13)
    falling[:400] -= 0.05 * np.arange(20)

    after_noise = shares_after_bh(classify(noise(14), window=WINDOW))
    after_falling = shares_after_bh(classify(falling, window=WINDOW))

    assert after_noise[[TrendClass.UPWARD, TrendClass.DOWNWARD]].max() < 0.001
    # All 400 fall by 19 SD of the noise; of what is rejected at most about 5 % are not among them.
    assert after_falling[TrendClass.DOWNWARD] == pytest.approx(0.1025, abs=0.004)
    assert np.isnan(after_falling[TrendClass.STAGNATED])


def test_summary_has_the_interval_over_seeds_and_what_chance_fills():
    labels = [classify(noise(seed), window=WINDOW) for seed in (21, 22, 23)]
    nulls = [
        [null_shares(noise(seed), window=WINDOW, null=null, rng=np.random.default_rng(seed)) for null in NullModel]
        for seed in (21, 22, 23)
    ]

    summary = {entry.trend: entry for entry in share_summary(labels, nulls=nulls)}

    upward = [np.mean(one.classes == TrendClass.UPWARD) for one in labels]
    low, high = stats.t.interval(0.95, 2, loc=np.mean(upward), scale=stats.sem(upward))
    assert (summary["upward"].over_seeds.ci95_low, summary["upward"].over_seeds.ci95_high) == pytest.approx((low, high))
    assert summary["upward"].false_discovery["permuted"] == pytest.approx(1, abs=0.15)  # there is nothing but chance
    assert isinstance(summary["stagnated"].false_discovery["permuted"], Undefined)
    assert sum(entry.over_seeds.mean for entry in summary.values()) == pytest.approx(1)


def test_random_walks_that_the_rule_calls_trends_do_not_replicate_over_seeds():
    labels = [classify(walks(seed), window=WINDOW) for seed in range(31, 36)]

    replicated = replicated_trends(labels)

    called = np.mean([np.isin(one.classes, [TrendClass.UPWARD, TrendClass.DOWNWARD]).mean() for one in labels])
    assert called > 0.6
    assert replicated.share_uncorrected == pytest.approx(0.05, abs=0.012)
    assert replicated.share_rising + replicated.share_falling < 0.002


def test_a_trend_that_all_seeds_share_replicates():
    runs = [noise(seed) - 0.05 * np.arange(20) * (np.arange(4_000) < 1_000)[:, None] for seed in range(41, 46)]

    replicated = replicated_trends([classify(run, window=WINDOW) for run in runs])

    assert replicated.share_falling == pytest.approx(0.2525, abs=0.01)
    assert replicated.share_rising < 0.01


def test_two_seeds_cannot_replicate():
    result = replicated_trends([classify(noise(seed), window=WINDOW) for seed in (1, 2)])

    assert result == Undefined("2 seeds; a test of slopes over seeds needs 3")
