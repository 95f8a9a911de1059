"""Losses that rise and then fall, and losses that only look so."""

import numpy as np
import pytest
from scipy import stats

from analysis.trends.double_descent import replicated_rises, rise_then_fall, two_line_scores
from analysis.trends.nulls import NullModel
from analysis.undefined import Undefined

HILL = np.concatenate([np.linspace(0, 1, 9), np.linspace(1, 0, 9)[1:]])  # seventeen checkpoints, the ninth is the peak


def noise(seed, *, num_tokens=2_000, sd=0.1):
    return np.random.default_rng(seed).normal(0, sd, (num_tokens, 17))


def test_the_score_is_the_best_of_all_pairs_of_scipy_s_lines():
    values = noise(1, num_tokens=20) + HILL * 0.3

    scores, peak = two_line_scores(values)

    def p(row, start, stop, alternative):
        return stats.linregress(np.arange(start, stop), row[start:stop], alternative=alternative).pvalue

    expected = [{k: max(p(row, 0, k + 1, "greater"), p(row, k, 17, "less")) for k in range(2, 15)} for row in values]
    assert scores == pytest.approx([min(by_peak.values()) for by_peak in expected])
    assert peak.tolist() == [min(by_peak, key=by_peak.get) for by_peak in expected]


def test_hills_are_found_and_lines_and_valleys_are_not():
    values = noise(2)
    values[:200] += HILL
    values[200:400] -= HILL
    values[400:600] += np.linspace(0, 1, 17)

    found = rise_then_fall(values, rng=np.random.default_rng(3))[NullModel.PERMUTED]

    assert found.is_double_descent[:200].all()
    assert np.abs(found.peak[:200] - 8).max() <= 2
    assert found.is_double_descent[200:600].mean() < 0.02
    assert found.is_double_descent[600:].mean() < 0.01


def test_the_p_value_of_noise_is_uniform():
    found = rise_then_fall(noise(4), rng=np.random.default_rng(5))[NullModel.PERMUTED]

    assert stats.kstest(found.p, "uniform").pvalue > 0.001
    assert found.share_nominal == pytest.approx(0.05, abs=0.015)


def test_slow_waves_are_no_discovery_when_the_null_is_as_slow():
    # A random walk returns to its start by chance; permuted checkpoints never look like one.
    waves = noise(6).cumsum(axis=1)
    waves -= np.linspace(0, 1, 17) * (waves[:, -1:] - waves[:, :1])

    found = rise_then_fall(waves, rng=np.random.default_rng(7))
    by_null = {null: result.share_nominal for null, result in found.items()}

    assert by_null[NullModel.PERMUTED] > 0.3
    assert by_null[NullModel.PHASE_SCRAMBLED] < 0.12


def test_over_seeds_walks_stay_within_the_nominal_rate_and_shared_hills_are_found():
    seeds = np.stack([noise(seed).cumsum(axis=1) for seed in range(10, 16)])
    seeds[:, :200] += 3 * HILL

    found = replicated_rises(seeds)

    assert found.p[200:].min() > 0
    assert np.mean(found.p[200:] < 0.05) < 0.06
    assert found.is_double_descent[:200].mean() > 0.8
    assert found.is_double_descent[200:].mean() < 0.01


def test_too_little_is_said():
    assert rise_then_fall(noise(1)[:, :4], rng=np.random.default_rng(0)) == Undefined(
        "4 checkpoints; a rise and a fall need 5"
    )
    assert replicated_rises(np.stack([noise(1), noise(2)])) == Undefined("2 seeds; a test over seeds needs 3")
