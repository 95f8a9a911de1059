"""Split the spread of a grid into effect, seeds and error."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.rounding import is_flat, rounding_of
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["SMALLEST_SQUARED", "SumsOfSquares", "split_sums_of_squares", "why_untestable"]

# The square of the 64 roundings of a smaller value would leave the range of double precision (2.2e-308).
SMALLEST_SQUARED = 1e-135


@dataclass(frozen=True, slots=True)
class SumsOfSquares:
    """Sums of squares of a one-way repeated-measures design, in squared units of the metric."""

    effect: float
    error: float
    subject: float


def split_sums_of_squares(values: NDArray[np.float64]) -> SumsOfSquares:
    """Effect n sum_j (m_j - m)^2, subject k sum_i (m_i - m)^2, error sum_ij (y_ij - m_i - m_j + m)^2.

    The error is summed from its residuals, not got by subtraction, so that seeds far apart cost no digits.

    Args:
        values: A complete grid, shape (num_seeds, num_levels).

    Returns:
        The three sums.
    """
    num_seeds, num_levels = values.shape
    centred = values - values.mean(axis=1, keepdims=True)
    level_means = centred.mean(axis=0)
    seed_means = values.mean(axis=1)
    return SumsOfSquares(
        effect=float(num_seeds * np.sum((level_means - level_means.mean()) ** 2)),
        error=float(np.sum((centred - level_means) ** 2)),
        subject=float(num_levels * np.sum((seed_means - seed_means.mean()) ** 2)),
    )


def why_untestable(values: NDArray[np.float64]) -> Undefined | None:
    """Why a grid has no F, or None where it has one.

    Args:
        values: A complete grid, shape (num_seeds, num_levels).

    Returns:
        The reason: fewer than two seeds or levels, values too small to be squared, or an error that is rounding only
        (flat, identical or parallel seeds).
    """
    num_seeds, num_levels = values.shape
    if num_seeds < 2:
        return Undefined(f"{counted(num_seeds, 'seed')} left; a within-seed effect needs at least 2")
    if num_levels < 2:
        return Undefined(f"{counted(num_levels, 'level')} left; an effect needs at least 2")
    rounding, largest = rounding_of(values), float(np.abs(values).max())
    if float(np.ptp(values)) <= rounding:
        return Undefined("all values are equal")
    if is_flat(values).all():
        return Undefined("no seed's values change from level to level")
    if largest < SMALLEST_SQUARED:
        return Undefined(f"no value is above {largest:.1e} in size, whose square is lost; scale the values up")
    residual = np.sqrt(split_sums_of_squares(values).error / values.size)
    if residual <= rounding:
        return Undefined("the error is zero: the seeds' trajectories are identical, or parallel to each other")
    return None
