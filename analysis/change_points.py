"""Find where trajectories change their course."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.axis import LevelPositions
from analysis.grid import Grid
from analysis.levels import Label
from analysis.segmentation import MIN_POINTS, best_segmentation
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["ChangePoints", "SeedChangePoints", "find_change_points"]

MAX_SEGMENTS = 8
# Sums over pairs of levels and seeds: about a second on one core.
LARGEST_WORK = 20_000_000
NOTE = (
    "Exact dynamic programming over every position. BIC takes errors as independent; those of neighbouring levels are "
    "not, so that it finds too many changes rather than too few. A description, without an error rate."
)


@dataclass(frozen=True, slots=True)
class SeedChangePoints:
    """The first level of each new segment of one seed."""

    seed: Label
    levels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class ChangePoints:
    """Breaks of the seeds' trajectories, in common and one by one."""

    model: str
    criterion: str
    axis: str
    min_levels_per_segment: int
    from_level: Label
    """Levels before it have no logarithm on the axis and are left out."""
    shared: tuple[Label, ...]
    """First levels of new segments, the same for all seeds."""
    shared_bic_by_segments: tuple[float, ...]
    per_seed: tuple[SeedChangePoints, ...]
    note: str


def find_change_points(grid: Grid, *, axis: LevelPositions | Undefined) -> ChangePoints | Undefined:
    """Piecewise lines over log2 of the axis, or over the levels' order without one; see `best_segmentation`.

    `shared` gives every seed its own lines between breaks that all have in common. Missing cells are the caller's: the
    grid is complete.

    Args:
        grid: Complete, shape (num_seeds, num_levels).
        axis: Where the levels lie; levels at or below zero are left out.

    Returns:
        The breaks, or why there are none: fewer than twice 3 levels, or more than 2 x 10^7 sums.
    """
    first, x, name = _abscissa(grid, axis=axis)
    if grid.num_subjects == 0 or len(x) < 2 * MIN_POINTS:
        return Undefined(
            f"{counted(grid.num_subjects, 'seed')} and {counted(len(x), 'level')} on the axis; a change needs "
            f"{2 * MIN_POINTS} levels"
        )
    if grid.num_subjects * len(x) ** 2 > LARGEST_WORK:
        return Undefined(f"{counted(grid.num_subjects, 'seed')} x {len(x):,} levels are too many to try every position")
    values = grid.values[:, first:]
    shared = best_segmentation(values, x=x, max_segments=MAX_SEGMENTS)
    return ChangePoints(
        model=f"straight lines over {name}, not joined at the breaks",
        criterion=f"least BIC over 1 to {len(shared.bic_by_segments)} segments",
        axis=name,
        min_levels_per_segment=MIN_POINTS,
        from_level=grid.levels[first],
        shared=tuple(grid.levels[first + start] for start in shared.starts),
        shared_bic_by_segments=shared.bic_by_segments,
        per_seed=tuple(
            SeedChangePoints(seed=seed, levels=_breaks(grid, row=row, first=first, x=x))
            for row, seed in enumerate(grid.subjects)
        ),
        note=NOTE,
    )


def _breaks(grid: Grid, *, row: int, first: int, x: NDArray[np.float64]) -> tuple[Label, ...]:
    segmentation = best_segmentation(grid.values[row : row + 1, first:], x=x, max_segments=MAX_SEGMENTS)
    return tuple(grid.levels[first + start] for start in segmentation.starts)


def _abscissa(grid: Grid, *, axis: LevelPositions | Undefined) -> tuple[int, NDArray[np.float64], str]:
    if isinstance(axis, Undefined):
        return 0, np.arange(1.0, grid.num_levels + 1), "the order of the levels"
    first = int(np.sum(axis.positions <= 0))
    return first, np.log2(axis.positions[first:]), f"log2 of {axis.name}"
