"""One number per seed, against R 4.2.2 on seconds until retching (Field 2013, chapter 15).

The commands, with Y the table below as an 8 x 4 matrix and x the positions of its columns:
  s <- Y %*% contr.poly(4, scores = x)[, j]; t.test(s); p.adjust(p, "holm")
  b <- apply(Y[, 3:4], 1, function(y) coef(lm(y ~ log2(x)))[2]); t.test(b)
  auc <- apply(Y, 1, function(y) sum(diff(x) * (y[-1] + y[-4]) / 2)); t.test(auc)
  integrate(function(z) k * z * dnorm(z) * pnorm(z)^(k - 1), -Inf, Inf)
"""

import numpy as np
import pytest

from analysis.axis import LevelPositions
from analysis.grid import Grid
from analysis.noise_only_rise import NoiseOnlyRise, expected_maximum, noise_only_rise
from analysis.polynomial_contrasts import orthonormal_polynomials, polynomial_contrasts
from analysis.seed_measure import seed_measure
from analysis.seed_summaries import SeedSummaries, summarize_seeds
from analysis.slope_after_minimum import SlopeAfterMinimum, slopes_per_doubling
from analysis.undefined import Undefined

SECONDS = np.array(
    [
        [8, 9, 6, 5, 8, 7, 10, 12],
        [7, 5, 2, 3, 4, 5, 2, 6],
        [1, 2, 3, 1, 5, 6, 7, 8],
        [6, 5, 8, 9, 8, 7, 2, 1],
    ],
    dtype=float,
).T
UNEQUAL = LevelPositions(name="tokens", positions=np.array([0.0, 1.0, 2.0, 4.0]))


def grid_of(values: np.ndarray) -> Grid:
    return Grid(values=values, subjects=tuple(range(len(values))), levels=tuple(range(values.shape[1])))


def summarize(values: np.ndarray, axis: LevelPositions | Undefined) -> SeedSummaries:
    summaries = summarize_seeds(grid_of(values), axis=axis)
    assert isinstance(summaries, SeedSummaries)
    return summaries


def test_polynomials_of_unequally_spaced_levels():
    contrasts = orthonormal_polynomials(UNEQUAL.positions, max_degree=3)

    # From R: contr.poly(4, scores = c(0, 1, 2, 4)).
    assert contrasts[0] == pytest.approx([-0.5916079783100, -0.2535462764186, 0.0845154254729, 0.7606388292557])
    assert contrasts[1] == pytest.approx([0.564076074818, -0.322329185610, -0.644658371220, 0.402911482013])
    assert contrasts[2] == pytest.approx([-0.2860387767737, 0.7627700713965, -0.5720775535474, 0.0953462589246])


def test_polynomials_stay_orthonormal_over_twenty_million_tokens():
    contrasts = orthonormal_polynomials(np.arange(300) * 1e6 + 2048.0, max_degree=3)

    assert contrasts @ contrasts.T == pytest.approx(np.eye(3), abs=1e-12)
    assert contrasts.sum(axis=1) == pytest.approx(np.zeros(3), abs=1e-12)


def test_trends():
    trends = polynomial_contrasts(grid_of(SECONDS), axis=UNEQUAL)

    assert not isinstance(trends, Undefined)
    assert [trend.name for trend in trends] == ["linear", "quadratic", "cubic"]
    assert [trend.measure.interval.mean for trend in trends] == pytest.approx(
        [-1.162087100252, 2.87074430934042, -0.893871177418]
    )
    assert [trend.measure.t for trend in trends] == pytest.approx([-0.937839588894, 4.66640176440387, -0.984131880259])
    assert [trend.measure.p for trend in trends] == pytest.approx([0.379548719392, 0.00229717313403, 0.357835633343])
    assert [trend.p_holm for trend in trends] == pytest.approx([0.715671266687, 0.00689151940208, 0.715671266687])


def test_two_levels_have_a_linear_trend_only():
    trends = polynomial_contrasts(
        grid_of(SECONDS[:, :2]), axis=LevelPositions(name="tokens", positions=np.array([0.0, 1.0]))
    )

    assert not isinstance(trends, Undefined)
    assert [trend.degree for trend in trends] == [1]


def test_area_under_the_curve():
    area = summarize(SECONDS, UNEQUAL).area_under_curve

    assert not isinstance(area, Undefined)
    assert [row.value for row in area.measure.per_seed] == [18.5, 17.5, 17.5, 16.0, 23.5, 24.5, 19.5, 25.0]
    assert (area.measure.interval.ci95_low, area.measure.interval.ci95_high) == pytest.approx(
        (17.285786629, 23.214213371)
    )
    assert area.mean_height.mean == pytest.approx(np.mean([row.value for row in area.measure.per_seed]) / 4)
    assert isinstance(area.measure.p, Undefined)


def test_slope_per_doubling_of_tokens():
    # Loss falls to 2 at 1 unit and then rises by .5 and .75 for each doubling.
    values = np.array([[5.0, 2.0, 2.5, 3.0, 3.5], [5.0, 2.0, 2.75, 3.5, 4.25]])
    slope = summarize(
        values, LevelPositions(name="tokens", positions=np.array([0.0, 1.0, 2.0, 4.0, 8.0]))
    ).slope_after_minimum

    assert isinstance(slope, SlopeAfterMinimum)
    assert (slope.from_level, slope.to_level, slope.num_levels) == (2, 4, 3)
    assert [row.value for row in slope.measure.per_seed] == pytest.approx([0.5, 0.75])
    assert slope.unit == "per doubling of tokens"
    assert "chosen from the same data" in slope.note


def test_slope_is_that_of_least_squares():
    doublings = np.log2([1.0, 2.0, 4.0, 9.0])
    expected = np.polyfit(doublings, SECONDS[0], deg=1)[0]

    assert slopes_per_doubling(SECONDS, positions=np.array([1.0, 2.0, 4.0, 9.0]))[0] == pytest.approx(expected)


def test_minimum_at_the_end_leaves_no_slope():
    slope = summarize(np.array([[3.0, 2.0, 1.0], [3.0, 2.5, 1.0]]), Undefined("no axis")).slope_after_minimum

    assert isinstance(slope, Undefined)


def test_minimum_and_where():
    summaries = summarize(SECONDS, UNEQUAL)

    assert [row.level for row in summaries.minimum] == [2, 2, 1, 2, 1, 1, 1, 3]
    assert [row.value for row in summaries.minimum_value.per_seed] == [1, 2, 2, 1, 4, 5, 2, 1]
    assert not isinstance(summaries.minimum_position, Undefined)
    assert [row.value for row in summaries.minimum_position.per_seed] == [2, 2, 1, 2, 1, 1, 1, 4]


def test_without_an_axis_what_needs_one_says_so():
    summaries = summarize(SECONDS, Undefined("the levels are no numbers"))

    for part in (
        summaries.minimum_position,
        summaries.slope_after_minimum,
        summaries.area_under_curve,
        summaries.polynomial,
    ):
        assert part == Undefined("the levels are no numbers")


def test_expected_maximum_of_normals():
    assert expected_maximum(21) == pytest.approx(1.88916791492, abs=1e-8)
    assert expected_maximum(3) == pytest.approx(0.846284375322, abs=1e-8)
    assert expected_maximum(1) == pytest.approx(0, abs=1e-12)


def test_flat_noise_rises_by_what_is_foretold():
    noise = np.random.default_rng(11).normal(0, 0.1, (4_000, 21))
    foretold = noise_only_rise(noise)

    assert isinstance(foretold, NoiseOnlyRise)
    assert foretold.residual_sd == pytest.approx(0.1, rel=0.01)
    assert np.mean(noise[:, -1] - noise.min(axis=1)) == pytest.approx(foretold.value, rel=0.03)


def test_values_that_do_not_vary_have_no_t():
    measure = seed_measure(np.array([0.5, 0.5, 0.5]), seeds=(1, 2, 3))

    assert measure.t == Undefined("the values do not vary over the seeds")
    assert measure.interval.sd == 0
