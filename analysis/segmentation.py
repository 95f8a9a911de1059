"""Split series into stretches of straight lines, exactly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.rounding import LEAST_SPREAD, rounding_of

__all__ = ["MIN_POINTS", "Segmentation", "best_segmentation"]

MIN_POINTS = 3  # a line through two points has no residual
COEFFICIENTS = 2
SMALLEST = 1e-100  # its square is still a number


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The split of least BIC, and what the best splits into 1, 2, ... segments reach."""

    starts: tuple[int, ...]
    """First points of the second, third, ... segment; none if one line is best."""
    bic_by_segments: tuple[float, ...]
    rss_by_segments: tuple[float, ...]


def best_segmentation(series: NDArray[np.float64], *, x: NDArray[np.float64], max_segments: int) -> Segmentation:
    """Least squares lines with common breaks, every position tried by dynamic programming, their number by BIC.

    rss(S) = the least sum of squared residuals over all splits into S segments of at least 3 points, each series with a
    line of its own in each segment. BIC = N (log(rss / N) + 1 + log 2 pi) + log(N) (2 S m + S - 1 + 1) for m series and
    N = m points values: two coefficients per line, the breaks, and the variance. Assumes independent normal errors of
    one variance; those of trajectories are autocorrelated, so that BIC finds too many breaks rather than too few.

    Args:
        series: Shape (num_series, num_points), complete, at least 3 points.
        x: Rising, shape (num_points,).
        max_segments: At least 1; fewer are tried where points do not suffice.

    Source: Bai and Perron 2003; as R's strucchange::breakpoints(y ~ x, h = 3).
    """
    num_points = series.shape[1]
    most = min(max_segments, num_points // MIN_POINTS)
    cost = _segment_costs(series, x=x)
    # best[s][j]: least cost of s + 1 segments that end before point j; origin[s][j]: where the last of them starts.
    best = np.full((most, num_points + 1), np.inf)
    origin = np.zeros((most, num_points + 1), dtype=int)
    best[0] = cost[0]
    for s in range(1, most):
        totals = best[s - 1][:, None] + cost
        origin[s] = np.argmin(totals, axis=0)
        best[s] = np.min(totals, axis=0)
    rss = np.maximum(best[:, num_points], _rounding_of_rss(series))
    bic = np.array([_bic(rss[s], num_segments=s + 1, shape=series.shape) for s in range(most)])
    return Segmentation(
        starts=_starts(origin, num_segments=int(np.argmin(bic)) + 1, num_points=num_points),
        bic_by_segments=tuple(bic.tolist()),
        rss_by_segments=tuple(best[:, num_points].tolist()),
    )


def _rounding_of_rss(series: NDArray[np.float64]) -> float:
    """What a perfect fit leaves of the sum of squared residuals, whose logarithm would mean nothing.

    Two sources: the rounding of the values, and that of the sums of squares about each series' mean, which cancel.
    """
    centred = series - series.mean(axis=1, keepdims=True)
    of_values = series.size * max(rounding_of(series), LEAST_SPREAD * SMALLEST) ** 2
    return of_values + LEAST_SPREAD * float(np.sum(centred**2))


def _segment_costs(series: NDArray[np.float64], *, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """cost[i, j]: residual sum of squares of lines over points i to j - 1; infinite below 3 points."""
    num_points = len(x)
    x = (x - x.mean()) / np.ptp(x)
    y = series - series.mean(axis=1, keepdims=True)
    first, stop = np.arange(num_points + 1)[:, None], np.arange(num_points + 1)[None, :]
    size = np.maximum(stop - first, 1)
    s_x, s_xx = _between(x), _between(x**2)
    spread_x = s_xx - s_x**2 / size
    cost = np.zeros((num_points + 1, num_points + 1))
    for values in y:
        s_y, s_yy, s_xy = _between(values), _between(values**2), _between(x * values)
        covariance = s_xy - s_x * s_y / size
        explained = np.divide(covariance**2, spread_x, out=np.zeros_like(cost), where=spread_x > 0)
        cost += np.maximum(s_yy - s_y**2 / size - explained, 0.0)
    return np.where(stop - first >= MIN_POINTS, cost, np.inf)


def _between(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over points i to j - 1, shape (num_points + 1, num_points + 1)."""
    running = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(running[None, :] - running[:, None])


def _bic(rss: float, *, num_segments: int, shape: tuple[int, ...]) -> float:
    num_series, num_points = shape
    num_values = num_series * num_points
    num_parameters = COEFFICIENTS * num_segments * num_series + (num_segments - 1) + 1
    fit = num_values * (np.log(rss / num_values) + 1 + np.log(2 * np.pi))
    return float(fit + np.log(num_values) * num_parameters)


def _starts(origin: NDArray[np.int_], *, num_segments: int, num_points: int) -> tuple[int, ...]:
    starts: list[int] = []
    stop = num_points
    for s in range(num_segments - 1, 0, -1):
        stop = int(origin[s][stop])
        starts.insert(0, stop)
    return tuple(starts)
