"""The mean of one number per seed with Student's t interval."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.rounding import rounding_of
from analysis.undefined import Undefined

__all__ = ["MeanInterval", "mean_interval", "t_critical"]


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """A mean over seeds, its standard deviation and its 95 % interval."""

    n: int
    mean: float | Undefined
    sd: float | Undefined
    ci95_low: float | Undefined
    ci95_high: float | Undefined


def mean_interval(values: NDArray[np.float64], *, rounding: float = 0.0) -> MeanInterval:
    """Mean +- t(.975, n - 1) sd / sqrt(n), sd with n - 1 in the denominator.

    Assumes independent seeds and values near normal; at n = 6 the t interval covers where percentile bootstraps do not.
    Values that differ by rounding have an sd of zero. Missing cells are the caller's: the values are complete.

    Args:
        values: One number per seed, shape (num_seeds,).
        rounding: What rounding alone makes of these values, where they were computed from larger ones.

    Returns:
        The interval; undefined where there are fewer than two seeds.
    """
    num_seeds = len(values)
    if num_seeds == 0:
        nothing = Undefined("no seed is left")
        return MeanInterval(n=0, mean=nothing, sd=nothing, ci95_low=nothing, ci95_high=nothing)
    spread = float(np.ptp(values))
    # A mean of equal values can itself be off by a rounding.
    mean = float(values[0] if spread == 0 else values.mean())
    if num_seeds == 1:
        single = Undefined("one seed has no spread")
        return MeanInterval(n=1, mean=mean, sd=single, ci95_low=single, ci95_high=single)
    sd = 0.0 if spread <= max(rounding, rounding_of(values)) else _sd(values, spread=spread)
    half_width = t_critical(num_seeds - 1) * sd / np.sqrt(num_seeds)
    return MeanInterval(
        n=num_seeds, mean=mean, sd=sd, ci95_low=float(mean - half_width), ci95_high=float(mean + half_width)
    )


def _sd(values: NDArray[np.float64], *, spread: float) -> float:
    sd = float(values.std(ddof=1))
    # Squares of values below 1e-150 vanish, which those of their ratios do not.
    return sd if sd > 0 else spread * float((values / spread).std(ddof=1))


@cache  # one quantile serves every level
def t_critical(df: int, *, num_intervals: int = 1) -> float:
    """The quantile of Student's t for 95 % intervals, `num_intervals` of them at once by Bonferroni."""
    return float(stats.t.isf(0.025 / num_intervals, df))
