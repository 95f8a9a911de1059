"""Compare two groups of different seeds, many measures at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.rounding import LEAST_SPREAD, without_rounding

__all__ = ["WelchT", "welch_t"]


@dataclass(frozen=True)
class WelchT:
    """Results by measure, each of shape (num_measures,)."""

    mean: NDArray[np.float64]
    """Of b minus that of a; zero where it is rounding."""
    standard_error: NDArray[np.float64]
    t: NDArray[np.float64]
    df: NDArray[np.float64]
    p: NDArray[np.float64]
    """Two-sided; 1 where `is_fixed`."""
    is_fixed: NDArray[np.bool_]
    """Whether neither group varies, beyond rounding."""


def welch_t(a: NDArray[np.float64], b: NDArray[np.float64]) -> WelchT:
    """T = (mean_b - mean_a) / sqrt(var_a / n_a + var_b / n_b), degrees of freedom after Welch and Satterthwaite.

    Assumes independent seeds and near-normal values; variances may differ. Missing cells are the caller's.

    Args:
        a: Shape (num_seeds_a, num_measures), at least 2 seeds.
        b: Shape (num_seeds_b, num_measures), at least 2 seeds.

    Source: Welch 1947; as scipy.stats.ttest_ind(equal_var=False) and R's t.test.
    """
    squared_a, squared_b = a.var(axis=0, ddof=1) / len(a), b.var(axis=0, ddof=1) / len(b)
    squared = squared_a + squared_b
    rounding = LEAST_SPREAD * np.maximum(np.abs(a).max(axis=0), np.abs(b).max(axis=0))
    is_fixed = np.sqrt(squared) <= rounding
    safe_a, safe = np.where(is_fixed, 0.5, squared_a), np.where(is_fixed, 1.0, squared)
    df = safe**2 / (safe_a**2 / (len(a) - 1) + (safe - safe_a) ** 2 / (len(b) - 1))
    mean = without_rounding(b.mean(axis=0) - a.mean(axis=0), rounding=rounding)
    t = mean / np.sqrt(safe)
    return WelchT(
        mean=mean,
        standard_error=np.sqrt(safe),
        t=t,
        df=df,
        p=np.where(is_fixed, 1.0, 2 * stats.t.sf(np.abs(t), df)),
        is_fixed=is_fixed,
    )
