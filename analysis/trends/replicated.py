"""Trends that are tested with seeds as the replicates, not with checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.trends.classify import TrendLabels
from analysis.trends.shares import bh_rejected
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["LEAST_SEEDS", "ReplicatedTrends", "replicated_trends", "t_over_seeds"]

LEAST_SEEDS = 3


@dataclass(frozen=True, slots=True)
class ReplicatedTrends:
    """Tokens whose slope differs from zero over seeds at a false discovery rate of 5 %."""

    num_seeds: int
    share_rising: float
    share_falling: float
    share_uncorrected: float
    """Tokens with p < .05 before the correction; 5 % are expected if no token has a trend."""


def replicated_trends(labels: Sequence[TrendLabels]) -> ReplicatedTrends | Undefined:
    """Two-sided t test of each token's slope over seeds, then Benjamini and Hochberg's procedure over tokens.

    Seeds are independent, so that unlike a p-value over checkpoints this one holds for smooth trajectories as well. It
    asks for normal slopes. Few seeds give it little power: the share is a lower bound of what moves.

    Args:
        labels: One per seed, of the same window.
    """
    if len(labels) < LEAST_SEEDS:
        return Undefined(f"{counted(len(labels), 'seed')}; a test of slopes over seeds needs {LEAST_SEEDS}")
    slopes = np.stack([one.slopes.slope for one in labels])
    t = t_over_seeds(slopes)
    p = 2 * stats.t.sf(np.abs(t), len(labels) - 1)
    is_rejected = bh_rejected(p)
    return ReplicatedTrends(
        num_seeds=len(labels),
        share_rising=float(np.mean(is_rejected & (t > 0))),
        share_falling=float(np.mean(is_rejected & (t < 0))),
        share_uncorrected=float(np.mean(p < 0.05)),
    )


def t_over_seeds(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over its standard error of each column of (num_seeds, num_tokens); 0 where all seeds have exactly zero."""
    mean = values.mean(axis=0)
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(mean == 0, 0.0, mean / error)
