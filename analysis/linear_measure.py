"""Infer from one weighted sum of each seed's values."""

import numpy as np
from numpy.typing import NDArray

from analysis.grid import Grid
from analysis.replicates import why_one_replicate
from analysis.rounding import rounding_of_rows
from analysis.seed_measure import SeedMeasure, seed_measure, untested_measure

__all__ = ["linear_measure"]


def linear_measure(grid: Grid, *, weights: NDArray[np.float64]) -> SeedMeasure:
    """s_i = sum_j w_j y_ij per seed, with the tests of `seed_measure`; seeds that are one replicate have none.

    The terms may cancel, and then what is left of them is rounding: up to 64 eps max_j |y_ij| sum_j |w_j| it counts as
    zero. Assumptions as in `seed_measure`. Missing cells are the caller's: the grid is complete.

    Args:
        grid: Complete, shape (num_seeds, num_levels).
        weights: Shape (num_levels,).
    """
    sums = np.asarray(grid.values @ weights)
    rounding = rounding_of_rows(grid.values) * float(np.abs(weights).sum())
    why = why_one_replicate(grid.values)
    if why is not None:
        return untested_measure(sums, seeds=grid.subjects, why=why.reason, rounding=rounding)
    return seed_measure(sums, seeds=grid.subjects, rounding=rounding)
