"""Paired t-tests between many pairs of levels at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.rounding import LEAST_SPREAD, without_rounding

__all__ = ["PairedT", "holm", "paired_t"]

# Numbers held in memory at once.
CHUNK = 4_000_000


@dataclass(frozen=True)
class PairedT:
    """Results by pair, each of shape (num_pairs,)."""

    mean: NDArray[np.float64]
    """Zero where it is rounding."""
    sd: NDArray[np.float64]
    """Of the differences over seeds."""
    standard_error: NDArray[np.float64]
    t: NDArray[np.float64]
    p: NDArray[np.float64]
    """Two-sided; 1 where `is_fixed`, so that such a pair neither shrinks a family of tests nor gains from it."""
    is_fixed: NDArray[np.bool_]
    """Whether the differences do not vary over the seeds, beyond rounding; their t says nothing."""


def paired_t(values: NDArray[np.float64], *, pairs: NDArray[np.intp]) -> PairedT:
    """T = mean / (sd / sqrt(n)) of the differences a - b, on n - 1 degrees of freedom.

    Assumes independent seeds and near-normal differences. Missing cells are the caller's: the grid is complete.

    Args:
        values: Shape (num_seeds, num_levels), at least 2 seeds.
        pairs: Columns a and b, shape (num_pairs, 2).
    """
    num_seeds = len(values)
    size = max(1, CHUNK // num_seeds)
    parts = [_moments(values, pairs=pairs[start : start + size]) for start in range(0, len(pairs), size)]
    mean, sd, is_fixed = (np.concatenate(column) for column in zip(*parts, strict=True))
    standard_error = np.where(is_fixed, 1.0, sd) / np.sqrt(num_seeds)
    t = mean / standard_error
    p = np.where(is_fixed, 1.0, 2 * stats.t.sf(np.abs(t), num_seeds - 1))
    return PairedT(mean=mean, sd=sd, standard_error=standard_error, t=t, p=p, is_fixed=is_fixed.astype(bool))


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Holm's step-down correction, shape (num_tests,): the running maximum of (m - rank) p in ascending order.

    Source: Holm 1979; as pingouin.multicomp and R's p.adjust.
    """
    order = np.argsort(p, kind="stable")
    corrected = np.empty_like(p)
    factors = np.arange(len(p), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(factors * p[order]), 1.0)
    return corrected


def _moments(
    values: NDArray[np.float64], *, pairs: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    first, second = values[:, pairs[:, 0]], values[:, pairs[:, 1]]
    differences = first - second
    sd = differences.std(axis=0, ddof=1)
    rounding = LEAST_SPREAD * np.maximum(np.abs(first), np.abs(second)).max(axis=0)
    return without_rounding(differences.mean(axis=0), rounding=rounding), sd, sd <= rounding
