"""Tell what the seeds show from what rounding leaves behind."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST_SPREAD", "as_ties", "first_lowest", "is_flat", "rounding_of", "rounding_of_rows", "without_rounding"]

# A sum of values is off by a few roundings of the largest of them. 64 are more than the sums here lose, and a millionth
# of what a loss in single precision resolves.
LEAST_SPREAD = 64 * float(np.finfo(np.float64).eps)


def rounding_of(values: NDArray[np.float64]) -> float:
    """64 eps max |y|: a difference between such values that is no larger is rounding, and counts as zero.

    Args:
        values: Of any shape; missing and infinite ones have no part in it.
    """
    return LEAST_SPREAD * float(np.abs(values).max(initial=0.0, where=np.isfinite(values)))


def rounding_of_rows(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same row by row, shape (num_seeds,), for values of shape (num_seeds, num_levels)."""
    return np.asarray(LEAST_SPREAD * np.abs(values).max(axis=1, initial=0.0, where=np.isfinite(values)))


def without_rounding(differences: NDArray[np.float64], *, rounding: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """The same with 0 in place of what is rounding; what is missing stays missing.

    Args:
        differences: Of any shape.
        rounding: Of what they were computed from, as broad as they are or a number.
    """
    return np.asarray(np.where(np.abs(differences) <= rounding, 0.0, differences))


def is_flat(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each seed has one value at every level, but for rounding, shape (num_seeds,).

    Args:
        values: Complete, shape (num_seeds, num_levels), at least one level.
    """
    return np.asarray(np.ptp(values, axis=1) <= rounding_of_rows(values))


def first_lowest(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """The column at which each row is lowest, shape (num_rows,); of several that tie, but for rounding, the first.

    Args:
        values: Shape (num_rows, num_columns), gaps as NaN, a value in each row.
    """
    lowest = np.nanmin(values, axis=1) + rounding_of_rows(values)
    return np.asarray(np.argmax(values <= lowest[:, None], axis=1))


def as_ties(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same with values of one row that differ by rounding made equal, so that they have one rank.

    Args:
        values: Complete, shape (num_seeds, num_levels).
    """
    order = np.argsort(values, axis=1, kind="stable")
    ascending = np.take_along_axis(values, order, axis=1)
    is_new = np.diff(ascending, axis=1, prepend=-np.inf) > rounding_of_rows(values)[:, None]
    first = np.maximum.accumulate(np.where(is_new, np.arange(values.shape[1]), 0), axis=1)
    tied = np.empty_like(values)
    np.put_along_axis(tied, order, np.take_along_axis(ascending, first, axis=1), axis=1)
    return tied
