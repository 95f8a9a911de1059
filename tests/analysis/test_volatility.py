"""Volatility is what is left of a trajectory beside its trend."""

import numpy as np
import pytest
from scipy import stats

from analysis.grid import Grid
from analysis.local_lines import fit_local_lines
from analysis.rolling import deltas_of
from analysis.undefined import Undefined
from analysis.volatility import summarize_volatility, volatility_of_differences

NAN = float("nan")


def grid_of(values):
    values = np.atleast_2d(values)
    return Grid(values=values, subjects=tuple(range(len(values))), levels=tuple(range(values.shape[1])))


def summary_of(values, *, window=5):
    grid = grid_of(values)
    lines = fit_local_lines(grid.values, positions=np.arange(grid.num_levels, dtype=float), window=window)
    return summarize_volatility(grid, lines=lines, window=window)


def test_local_line_is_that_of_linregress():
    rng = np.random.default_rng(1)
    places, values = np.cumsum(rng.uniform(0.5, 2, 12)), rng.normal(size=12)

    lines = fit_local_lines(values[None], positions=places, window=5)

    assert np.isnan(lines.slope[0, :4]).all()
    for level in range(4, 12):
        piece = slice(level - 4, level + 1)
        fit = stats.linregress(places[piece], values[piece])
        left_over = values[piece] - fit.intercept - fit.slope * places[piece]
        assert lines.slope[0, level] == pytest.approx(fit.slope)
        assert lines.residual_sd[0, level] == pytest.approx(np.sqrt((left_over**2).sum() / 3))


def test_straight_line_is_not_volatile_however_steep():
    levels = summary_of(5 - 0.3 * np.arange(12)).levels

    for level in levels[5:]:
        assert (level.difference, level.mad, level.residual) == pytest.approx((0, 0, 0), abs=1e-12)


def test_every_measure_estimates_the_noise_about_a_line():
    rng = np.random.default_rng(2)
    noisy = 5 - 0.3 * np.arange(60) + rng.normal(0, 0.02, (400, 60))

    level = summary_of(noisy, window=40).levels[-1]

    assert (level.difference, level.mad, level.residual) == pytest.approx((0.02, 0.02, 0.02), rel=0.05)


def test_windows_that_are_not_full_have_no_volatility():
    levels = summary_of(np.linspace(3, 2, 9)).levels

    assert [isinstance(level.difference, Undefined) for level in levels] == [True] * 5 + [False] * 4
    assert [isinstance(level.residual, Undefined) for level in levels] == [True] * 4 + [False] * 5


def test_gap_leaves_its_windows_without_volatility():
    values = np.linspace(3, 2, 14)
    values[7] = NAN

    assert np.isnan(volatility_of_differences(deltas_of(values[None]), window=3)[0, 7:11]).all()
    assert np.isfinite(volatility_of_differences(deltas_of(values[None]), window=3)[0, 11:]).all()


def test_position_that_is_unknown_leaves_its_windows_without_a_line():
    lines = fit_local_lines(np.ones((2, 7)), positions=np.array([NAN, 0, 1, 2, 3, 4, 5]), window=3)

    assert np.isnan(lines.slope[:, :3]).all()
    assert (lines.slope[:, 3:] == 0).all()


def test_trajectory_shorter_than_the_window_has_no_line():
    assert np.isnan(fit_local_lines(np.ones((2, 3)), positions=np.arange(3.0), window=5).slope).all()
