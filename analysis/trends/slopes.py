"""Ordinary least-squares slopes of many trajectories over the same points."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.rounding import LEAST_SPREAD

__all__ = ["LEAST_POINTS", "Slopes", "ols_slopes"]

LEAST_POINTS = 3  # two points leave no degree of freedom for a p-value


@dataclass(frozen=True, slots=True)
class Slopes:
    """One regression y = alpha + beta x per trajectory; every array has shape (num_trajectories,)."""

    slope: NDArray[np.float64]
    """beta; 0 for a trajectory without spread."""
    t: NDArray[np.float64]
    """beta over its standard error; 0 for a trajectory without spread, infinite on an exact line."""
    df: int
    """Number of points - 2."""

    @property
    def p(self) -> NDArray[np.float64]:
        """Two-sided p of beta = 0; 1 for a trajectory without spread.

        Errors are taken to be independent and normal, which those of neighbouring checkpoints are not.
        """
        return np.asarray(2 * stats.t.sf(np.abs(self.t), self.df))

    @property
    def p_rising(self) -> NDArray[np.float64]:
        """One-sided p against beta > 0."""
        return np.asarray(stats.t.sf(self.t, self.df))

    def is_significant(self, *, alpha: float) -> NDArray[np.bool_]:
        """Whether the two-sided p lies below `alpha`."""
        return np.abs(self.t) > float(stats.t.isf(alpha / 2, self.df))


def ols_slopes(values: NDArray[np.float64], *, points: NDArray[np.float64]) -> Slopes:
    """Regress every row on the same points.

    Args:
        values: Shape (num_trajectories, num_points), finite; at least three points.
        points: Where they were measured, shape (num_points,), not all equal.
    """
    assert len(points) >= LEAST_POINTS
    df = len(points) - 2
    centred_points = points - points.mean()
    centred = values - values.mean(axis=1, keepdims=True)
    sum_squares = float(centred_points @ centred_points)
    slope = centred @ centred_points / sum_squares
    # From the residuals themselves: the difference of two sums of squares would lose what a near-exact line leaves.
    residual_squares = np.square(centred - slope[:, None] * centred_points).sum(axis=1)
    has_spread = np.ptp(values, axis=1) > LEAST_SPREAD * np.abs(values).max(axis=1)
    error = np.sqrt(residual_squares / df / sum_squares)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(has_spread, slope / error, 0.0)
    return Slopes(slope=np.where(has_spread, slope, 0.0), t=t, df=df)
