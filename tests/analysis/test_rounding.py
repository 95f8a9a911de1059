"""What is nothing but rounding counts as zero, and of lowest values that tie the first counts."""

import numpy as np
import pytest

from analysis.area_under_curve import area_under_curve
from analysis.axis import LevelPositions
from analysis.change_points import ChangePoints, find_change_points
from analysis.common_mode import common_mode
from analysis.friedman import friedman_test
from analysis.grid import Grid
from analysis.icc import intraclass_correlations
from analysis.linear_measure import linear_measure
from analysis.local_lines import fit_local_lines
from analysis.outlying_seeds import studentized_deviations
from analysis.polynomial_contrasts import polynomial_contrasts
from analysis.replicates import groups_of_copies, groups_of_parallels, why_one_replicate
from analysis.rounding import as_ties, first_lowest, is_flat, rounding_of, without_rounding
from analysis.seed_measure import seed_measure
from analysis.sign_flip import flip_levels, flip_mean
from analysis.sums_of_squares import why_untestable
from analysis.t_interval import mean_interval
from analysis.telemetry_published import published_telemetry
from analysis.undefined import Undefined
from analysis.welch import welch_t
from analysis.window_trap import check_window_trap
from configs.telemetry import TelemetryConfig

EPS = 2.220446049250313e-16
NAN = float("nan")


def grid_of(values: np.ndarray) -> Grid:
    values = np.asarray(values, dtype=float)
    return Grid(values=values, subjects=tuple(range(len(values))), levels=tuple(range(values.shape[1])))


def axis_of(num_levels: int, *, start: float = 1.0) -> LevelPositions:
    return LevelPositions(name="tokens", positions=start + np.arange(num_levels))


@pytest.fixture
def lines() -> np.ndarray:
    """Four seeds that each fall along a straight line of their own, with one rounding of noise; shape (4, 21)."""
    noise = np.random.default_rng(3).integers(-1, 2, size=(4, 21)) * EPS
    return (3 - np.outer([0.1, 0.11, 0.12, 0.13], np.log2(np.arange(1, 22)))) * (1 + noise)


def test_rounding_is_64_eps_of_the_largest_value():
    assert rounding_of(np.array([[0.5, -2.0], [NAN, np.inf]])) == 128 * EPS


def test_what_is_not_above_rounding_becomes_zero_and_gaps_stay():
    kept = without_rounding(np.array([1e-15, -1e-15, 1e-13, NAN]), rounding=1e-14)

    assert kept[:3].tolist() == [0.0, 0.0, 1e-13]
    assert np.isnan(kept[3])


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ([2.0, 2.0, 2.0], 0),
        ([3.0, 1.0, 2.0, 1.0], 1),
        # .3 and .1 + .2 are one value but for rounding, and the second is the larger.
        ([0.1 + 0.2, 0.3, 0.5], 0),
        ([NAN, 2.0, 1.0, NAN, 1.0], 2),
        ([1.0, 1.0 - 1e-12], 1),
    ],
)
def test_of_lowest_values_that_tie_the_first_counts(row, column):
    assert first_lowest(np.array([row])).tolist() == [column]


def test_flat_seed_has_one_value_but_for_rounding():
    assert is_flat(np.array([[0.3, 0.1 + 0.2], [0.3, 0.3 + 1e-12], [0.0, 0.0]])).tolist() == [True, False, True]


def test_values_that_differ_by_rounding_tie_in_rank():
    tied = as_ties(np.array([[0.5, 0.1 + 0.2, 0.3]]))

    assert tied.tolist() == [[0.5, 0.3, 0.3]]


def test_ranks_of_rounding_are_no_ranks():
    values = np.tile([0.3, 0.1 + 0.2, 0.3], (6, 1)) + np.arange(6)[:, None] * 0

    assert friedman_test(values) == Undefined("all values of each seed are equal, so that there are no ranks")


@pytest.mark.parametrize("num_levels", [2, 10, 3_000])
@pytest.mark.parametrize("value", [2.0, 0.1, 1e6 + 0.1, 1e-9, -0.3, 1e70])
def test_trends_of_a_constant_are_zero(value, num_levels):
    trends = polynomial_contrasts(grid_of(np.full((6, num_levels), value)), axis=axis_of(num_levels, start=1e8))

    assert not isinstance(trends, Undefined)
    assert {row.value for trend in trends for row in trend.measure.per_seed} == {0.0}
    assert all(isinstance(trend.measure.p, Undefined) for trend in trends)
    assert all(isinstance(trend.measure.sign_flip, Undefined) for trend in trends)


def test_cubic_trend_of_a_parabola_is_zero():
    parabolas = 2 + np.outer(np.linspace(1, 2, 6), np.linspace(-1, 1, 9) ** 2)
    trends = polynomial_contrasts(grid_of(parabolas), axis=axis_of(9))

    assert not isinstance(trends, Undefined)
    linear, quadratic, cubic = (trend.measure for trend in trends)
    assert linear.interval.mean == 0
    assert linear.t == Undefined("the value of every seed is zero")
    assert isinstance(quadratic.p, float)
    assert cubic.sign_flip == Undefined("every seed's difference is zero")


def test_sums_whose_terms_cancel_count_as_zero_but_larger_ones_do_not():
    values = np.array([[1e6 + 0.1, 1e6 + 0.1], [1e6 + 0.1, 1e6 + 0.2], [1e6, 1e6 + 1e-9]])

    measure = linear_measure(grid_of(values), weights=np.array([-1.0, 1.0]))

    assert [row.value for row in measure.per_seed] == pytest.approx([0.0, 0.1, 0.0], abs=1e-9)
    assert measure.num_positive == 1


def test_spread_that_is_rounding_has_no_t_and_no_width():
    values = 0.3 + np.array([0.0, EPS, -EPS, 2 * EPS])
    measure, interval = seed_measure(values, seeds=(1, 2, 3, 4)), mean_interval(values)

    assert measure.t == Undefined("the values do not vary over the seeds")
    assert (interval.sd, interval.ci95_low) == (0.0, interval.mean)


def test_sign_flips_of_rounding_are_not_counted():
    assert flip_mean(np.full(6, 1e-16), rounding=1e-15) == Undefined("every seed's difference is zero")
    assert flip_levels(np.tile([0.3, 0.1 + 0.2], (6, 1))) == Undefined("every seed's difference is zero")


def test_straight_lines_have_no_break(lines):
    found = find_change_points(grid_of(lines), axis=axis_of(21))

    assert isinstance(found, ChangePoints)
    assert found.shared == ()
    assert {row.levels for row in found.per_seed} == {()}


def test_steady_falls_share_no_wiggles(lines):
    steady = np.outer([1.0, 1.1, 1.3], 3 - 0.1 * np.arange(12))

    assert common_mode(grid_of(steady), window=2) == Undefined("some seed's deltas do not vary")


def test_steady_falls_have_no_volatility_and_no_largest_z():
    steady = np.outer([1.0, 1.1, 1.3], 3 - 0.1 * np.arange(12))
    published = published_telemetry(steady, telemetry=TelemetryConfig())
    trap = check_window_trap(published.delta, telemetry=TelemetryConfig(), rounding=rounding_of(steady))

    assert set(published.rolling_volatility[:, 2:].ravel().tolist()) == {0.0}
    assert isinstance(trap.largest_z, Undefined)


def test_slopes_over_crowded_levels_are_zero_where_values_are_equal():
    # Doublings between steps a million tokens on are a millionth apart, and divide the roundings.
    lines = fit_local_lines(np.full((2, 8), 0.1), positions=np.log2(1e6 + np.arange(8)), window=5)

    assert set(lines.slope[:, 4:].ravel().tolist()) == {0.0}
    assert (lines.slope_rounding[:, 4:] > 1e-10).all()


def test_groups_that_differ_by_rounding_do_not_differ():
    tests = welch_t(np.full((4, 1), 0.3), np.full((4, 1), 0.1 + 0.2))

    assert (bool(tests.is_fixed[0]), float(tests.mean[0])) == (True, 0.0)


def test_others_that_differ_by_rounding_tell_no_outlier():
    offsets = np.array([1e6, 1e6, 1e6 + 1e-10, 1e6 - 1e-10, 1e6 + 1e-3])

    t = studentized_deviations(offsets, rounding=rounding_of(offsets))

    assert not np.isfinite(t[-1])


@pytest.mark.parametrize("values", [np.full((4, 5), 0.1), np.outer([1.0, 2.0, 3.0], np.ones(5))])
def test_metric_that_does_not_change_has_no_f_and_says_so(values):
    reason = why_untestable(values)

    assert reason in (Undefined("all values are equal"), Undefined("no seed's values change from level to level"))
    assert intraclass_correlations(values) == reason


def test_values_too_small_to_be_squared_are_not_called_parallel():
    reason = why_untestable(np.random.default_rng(0).normal(size=(4, 5)) * 1e-200)

    assert reason is not None
    assert "scale the values up" in reason.reason


def test_area_of_a_constant_is_its_height():
    area = area_under_curve(grid_of(np.full((3, 4), 0.1)), axis=axis_of(4))

    assert not isinstance(area, Undefined)
    assert (area.mean_height.sd, area.mean_height.mean) == (0.0, pytest.approx(0.1))


def test_seeds_of_one_trajectory_are_one_replicate():
    falling = np.array([3.1, 2.2, 1.3])

    assert why_one_replicate(np.tile(falling, (4, 1))) is not None
    assert why_one_replicate(np.stack([falling, falling + 0.1])) is None
    assert why_one_replicate(falling[None]) is None


def test_copies_and_parallels_are_grouped():
    falling = np.array([3.1, 2.2, 1.3])
    grid = grid_of(np.stack([falling, falling, falling + 0.5, falling**2, falling**2 + 1, np.ones(3), np.ones(3)]))

    assert groups_of_copies(grid) == ((0, 1),)
    assert groups_of_parallels(grid) == ((0, 2), (3, 4))
