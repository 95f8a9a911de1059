"""Measure how far the seeds lie apart at each level."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.grid import Grid
from analysis.levels import Label
from analysis.rounding import rounding_of
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["BetweenSeeds", "spread_between_seeds"]


@dataclass(frozen=True, slots=True)
class BetweenSeeds:
    """Sample variance and standard deviation over the seeds at one level."""

    level: Label
    n: int
    variance: float | Undefined
    sd: float | Undefined
    sd_ci95_low: float | Undefined
    sd_ci95_high: float | Undefined


def spread_between_seeds(grid: Grid) -> tuple[BetweenSeeds, ...]:
    """Standard deviation s at each level, n - 1 in its denominator, with a chi-squared interval.

    95 % interval: s sqrt(v / chi2(.975, v)) to s sqrt(v / chi2(.025, v)), v = n - 1. Assumes independent normal values.
    A spread that is rounding is zero. Seeds missing at a level are left out there, and `n` says so.

    Args:
        grid: Shape (num_seeds, num_levels), gaps as NaN.

    Returns:
        One row per level. At six seeds the interval spans .62 to 2.45 times s.

    Source: as R's sqrt(v * var(y) / qchisq(c(.975, .025), v)).
    """
    return tuple(
        _spread(level, values=grid.values[np.isfinite(grid.values[:, column]), column])
        for column, level in enumerate(grid.levels)
    )


def _spread(level: Label, *, values: NDArray[np.float64]) -> BetweenSeeds:
    v = len(values) - 1
    if v < 1:
        why = Undefined(f"{counted(len(values), 'seed')} here; a spread needs at least 2")
        return BetweenSeeds(level=level, n=len(values), variance=why, sd=why, sd_ci95_low=why, sd_ci95_high=why)
    variance = float(values.var(ddof=1)) if np.ptp(values) > rounding_of(values) else 0.0
    return BetweenSeeds(
        level=level,
        n=len(values),
        variance=variance,
        sd=float(np.sqrt(variance)),
        sd_ci95_low=float(np.sqrt(v * variance / _chi2_quantile(0.975, v))),
        sd_ci95_high=float(np.sqrt(v * variance / _chi2_quantile(0.025, v))),
    )


@cache  # one quantile serves every level
def _chi2_quantile(share: float, v: int) -> float:
    return float(stats.chi2.ppf(share, v))
