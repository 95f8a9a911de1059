"""The mean over seeds at each level, with its t interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.grid import Grid
from analysis.t_interval import mean_interval

__all__ = ["Band", "band_of"]


@dataclass(frozen=True)
class Band:
    """Mean and 95 % t interval over the seeds that have a value, each of shape (num_levels,); undefined is NaN."""

    n: NDArray[np.int64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def band_of(grid: Grid) -> Band:
    """Mean +- t(.975, n - 1) sd / sqrt(n) of the finite values at each level; formula in `mean_interval`.

    Args:
        grid: Shape (num_seeds, num_levels), gaps as NaN; a seed missing at a level is left out there, and n says so.
    """
    intervals = [mean_interval(column[np.isfinite(column)]) for column in grid.values.T]
    return Band(
        n=np.array([interval.n for interval in intervals], dtype=np.int64),
        mean=np.array([_number(interval.mean) for interval in intervals]),
        low=np.array([_number(interval.ci95_low) for interval in intervals]),
        high=np.array([_number(interval.ci95_high) for interval in intervals]),
    )


def _number(value: object) -> float:
    return value if isinstance(value, float) else float("nan")
