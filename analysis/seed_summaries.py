"""Sum up each seed's trajectory in one number, and the numbers over the seeds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.grid import Grid
from analysis.levels import Label
from analysis.sign_flip import SignFlip, flip_mean
from analysis.t_interval import MeanInterval, mean_interval
from analysis.undefined import Undefined

__all__ = ["LevelMean", "Rise", "SeedMinimum", "SeedSummaries", "SeedValue", "summarize_seeds"]

MINIMUM_IS_LOW = (
    "Each seed's minimum is chosen among noisy values and so lies low; final minus minimum is above zero even for a "
    "flat trajectory. Final minus reference has no such bias within a seed, though its level is chosen from the same "
    "data."
)


@dataclass(frozen=True, slots=True)
class SeedMinimum:
    """Where one seed is lowest; the first such level if there are several."""

    seed: Label
    level: Label
    value: float


@dataclass(frozen=True, slots=True)
class SeedValue:
    """One number of one seed."""

    seed: Label
    value: float


@dataclass(frozen=True, slots=True)
class LevelMean:
    """The level at which the mean over seeds is lowest."""

    level: Label
    mean: float


@dataclass(frozen=True, slots=True)
class Rise:
    """How far the seeds end above some earlier value of theirs."""

    per_seed: tuple[SeedValue, ...]
    interval: MeanInterval
    num_positive: int
    num_seeds: int
    sign_flip: SignFlip | Undefined


@dataclass(frozen=True, slots=True)
class SeedSummaries:
    """Minimum and rise from it, by seed."""

    minimum: tuple[SeedMinimum, ...]
    lowest_mean: LevelMean
    final_level: Label
    final_minus_minimum: Rise
    final_minus_reference: Rise
    """Final minus the value at the level of `lowest_mean`, the same level for every seed."""
    note: str


def summarize_seeds(grid: Grid) -> SeedSummaries | Undefined:
    """One number per seed, then a t interval over seeds and an exact sign-flip p.

    Such summaries keep their error rate whatever the covariance along the trajectory. Assumes independent seeds.
    Missing cells are the caller's: the grid is complete.

    Args:
        grid: Complete, shape (num_seeds, num_levels); lower is better.

    Returns:
        The summaries, or why there are none.
    """
    if grid.num_subjects == 0 or grid.num_levels == 0:
        return Undefined("no cell is left")
    final = grid.values[:, -1]
    lowest = int(np.argmin(grid.values.mean(axis=0)))
    return SeedSummaries(
        minimum=_minima(grid),
        lowest_mean=LevelMean(level=grid.levels[lowest], mean=float(grid.values[:, lowest].mean())),
        final_level=grid.levels[-1],
        final_minus_minimum=_rise(final - grid.values.min(axis=1), seeds=grid.subjects),
        final_minus_reference=_rise(final - grid.values[:, lowest], seeds=grid.subjects),
        note=MINIMUM_IS_LOW,
    )


def _minima(grid: Grid) -> tuple[SeedMinimum, ...]:
    positions = np.argmin(grid.values, axis=1)
    return tuple(
        SeedMinimum(seed=seed, level=grid.levels[position], value=float(row[position]))
        for seed, row, position in zip(grid.subjects, grid.values, positions, strict=True)
    )


def _rise(differences: NDArray[np.float64], *, seeds: tuple[Label, ...]) -> Rise:
    return Rise(
        per_seed=tuple(
            SeedValue(seed=seed, value=float(value)) for seed, value in zip(seeds, differences, strict=True)
        ),
        interval=mean_interval(differences),
        num_positive=int(np.sum(differences > 0)),
        num_seeds=len(seeds),
        sign_flip=flip_mean(differences),
    )
