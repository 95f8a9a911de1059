"""A value is scored by the values before it alone, as other programs would score it."""

from collections import deque

import numpy as np
import pytest
from scipy import stats

from analysis.spike_scores import (
    false_alarm_rate,
    false_alarm_rate_about_line,
    scores_about_line,
    scores_about_mean,
)


@pytest.fixture(scope="module")
def losses() -> np.ndarray:
    """300 losses that fall and are noisy, with a jump at step 200."""
    rng = np.random.default_rng(3)
    series = 3 + 2 * np.exp(-np.arange(300) / 80) + rng.normal(0, 0.03, 300)
    series[200] += 0.6
    return series


def test_scores_are_those_of_a_monitor_that_sees_one_step_after_another(losses):
    # The rule of OLMo-core's StabilityMonitor: a full window of earlier values, their mean and population SD.
    past, expected = deque(maxlen=128), []
    for loss in losses:
        expected.append((loss - np.mean(past)) / np.std(past) if len(past) == 128 else np.nan)
        past.append(loss)

    np.testing.assert_allclose(scores_about_mean(losses, window=128), expected, rtol=1e-9)


def test_scores_about_a_line_are_studentized_prediction_errors(losses):
    # Another way to the same number: the externally studentized residual of the last of 21 points,
    # statsmodels: OLS(...).fit().get_influence().resid_studentized_external[-1].
    import statsmodels.api

    scores = scores_about_line(losses, window=20)
    for step in (20, 57, 200):
        design = statsmodels.api.add_constant(np.arange(21.0))
        fit = statsmodels.api.OLS(losses[step - 20 : step + 1], design).fit()
        assert scores[step] == pytest.approx(fit.get_influence().resid_studentized_external[-1], rel=1e-9)


def test_steady_fall_hides_a_spike_from_the_mean_and_not_from_the_line():
    series = np.linspace(6, 3, 200) + 0.01 * np.sin(np.arange(200) * 2.4)
    series[150] += 0.2

    assert scores_about_mean(series, window=128)[150] < 6
    assert scores_about_line(series, window=128)[150] > 6


def test_first_steps_are_not_judged(losses):
    for score in (scores_about_mean, scores_about_line):
        assert np.isnan(score(losses, window=128)[:128]).all()
        assert np.isfinite(score(losses, window=128)[128:]).all()
        assert np.isnan(score(losses[:128], window=128)).all()


def test_window_that_does_not_vary_judges_nothing():
    series = np.ones(20)
    series[-1] = 5

    assert np.isnan(scores_about_mean(series, window=8)).all()
    assert np.isnan(scores_about_line(np.arange(20.0), window=8)).all()


def test_scores_do_not_depend_on_the_size_of_a_chunk(losses, monkeypatch):
    whole = scores_about_line(losses, window=20)
    monkeypatch.setattr("analysis.spike_scores.WINDOWS_AT_ONCE", 7)

    np.testing.assert_array_equal(scores_about_line(losses, window=20), whole)


@pytest.mark.parametrize(("window", "multiple"), [(5, 2.0), (10, 3.0), (20, 2.0)])
def test_false_alarm_rate_is_that_of_normal_values(window, multiple):
    rng = np.random.default_rng(11)
    draws = rng.normal(size=(200_000, window + 1))
    past = draws[:, :-1]
    z = (draws[:, -1] - past.mean(axis=1)) / past.std(axis=1)

    rate = false_alarm_rate(multiple, window=window)
    assert np.mean(z > multiple) == pytest.approx(rate, abs=5 * np.sqrt(rate / 200_000))


def test_false_alarm_rate_agrees_with_the_reference_on_the_sample_deviation():
    # Two-sided at 3 sample SD: 5.2 % (w = 5), 1.9 % (10), .86 % (20), .34 % (128). A population SD is smaller by
    # sqrt((w - 1) / w), so that 3 sample SD are 3 sqrt(w / (w - 1)) of these.
    rates = [2 * false_alarm_rate(3 * np.sqrt(w / (w - 1)), window=w) for w in (5, 10, 20, 128)]

    assert [f"{100 * rate:.2g}" for rate in rates] == ["5.2", "1.9", "0.86", "0.34"]


def test_false_alarm_rate_about_a_line_is_a_tail_of_student():
    assert false_alarm_rate_about_line(6.0, window=128) == stats.t.sf(6.0, 126)
