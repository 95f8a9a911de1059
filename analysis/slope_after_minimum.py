"""Measure how fast each seed climbs after the minimum."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.axis import LevelPositions
from analysis.grid import Grid
from analysis.levels import Label
from analysis.linear_measure import linear_measure
from analysis.rounding import first_lowest
from analysis.seed_measure import SeedMeasure
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["SlopeAfterMinimum", "slope_after_minimum", "slopes_per_doubling"]

WINDOW_NOTE = (
    "The window starts after the level of the lowest mean, which was chosen from the same data; a slope over a window "
    "declared beforehand has no such choice in it."
)


@dataclass(frozen=True, slots=True)
class SlopeAfterMinimum:
    """Least-squares slope of each seed over the levels after the lowest mean."""

    from_level: Label
    to_level: Label
    num_levels: int
    unit: str
    measure: SeedMeasure
    note: str


def slope_after_minimum(grid: Grid, *, axis: LevelPositions | Undefined) -> SlopeAfterMinimum | Undefined:
    """Slope of the metric on log2 of the axis, per seed: change for each doubling of the tokens.

    b_i = sum_j (x_j - m) y_ij / sum_j (x_j - m)^2 with x = log2 of the positions and m their mean. Only the average
    over seeds is tested, so that autocorrelation along a trajectory does no harm. Assumes independent seeds. Missing
    cells are the caller's: the grid is complete.

    Args:
        grid: Complete, shape (num_seeds, num_levels), at least one of each.
        axis: Where the levels lie.

    Returns:
        The slopes, or why there are none: no axis, or fewer than two levels above zero after the minimum.
    """
    if isinstance(axis, Undefined):
        return axis
    lowest = int(first_lowest(grid.values.mean(axis=0, keepdims=True))[0])
    after = np.flatnonzero((np.arange(grid.num_levels) > lowest) & (axis.positions > 0))
    if len(after) < 2:
        return Undefined(
            f"{counted(len(after), 'level')} after the lowest mean at level {grid.levels[lowest]}; a slope needs at "
            "least 2"
        )
    return SlopeAfterMinimum(
        from_level=grid.levels[after[0]],
        to_level=grid.levels[after[-1]],
        num_levels=len(after),
        unit=f"per doubling of {axis.name}",
        measure=linear_measure(
            Grid(grid.values[:, after], grid.subjects, tuple(grid.levels[place] for place in after)),
            weights=_weights(axis.positions[after]),
        ),
        note=WINDOW_NOTE,
    )


def slopes_per_doubling(values: NDArray[np.float64], *, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slopes on log2 of the positions, shape (num_seeds,), of values of shape (num_seeds, num_levels)."""
    return np.asarray(values @ _weights(positions))


def _weights(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    doublings = np.log2(positions)
    centred = doublings - doublings.mean()
    return np.asarray(centred / np.sum(centred**2))
