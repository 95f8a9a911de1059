"""Measure the area under each seed's trajectory."""

from dataclasses import dataclass

import numpy as np

from analysis.axis import LevelPositions
from analysis.grid import Grid
from analysis.seed_measure import SeedMeasure, untested_measure
from analysis.t_interval import MeanInterval, mean_interval
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["AreaUnderCurve", "area_under_curve"]


@dataclass(frozen=True, slots=True)
class AreaUnderCurve:
    """Area by trapezoids, and the same as a mean height."""

    unit: str
    span: float
    """From the first to the last level, in units of the axis."""
    measure: SeedMeasure
    mean_height: MeanInterval
    """Area over span: the average of the metric along the axis, in its own unit."""


def area_under_curve(grid: Grid, *, axis: LevelPositions | Undefined) -> AreaUnderCurve | Undefined:
    """sum_j (x_{j+1} - x_j)(y_ij + y_i,j+1) / 2 per seed, x the positions of the levels.

    Assumes independent seeds. Missing cells are the caller's: the grid is complete.

    Args:
        grid: Complete, shape (num_seeds, num_levels).
        axis: Where the levels lie.

    Returns:
        The areas, or why there are none: no axis, or fewer than two levels.

    Source: as scipy.integrate.trapezoid and R's pracma::trapz.
    """
    if isinstance(axis, Undefined):
        return axis
    if grid.num_levels < 2:
        return Undefined(f"{counted(grid.num_levels, 'level')} left; an area needs at least 2")
    areas = np.asarray(np.trapezoid(grid.values, axis.positions, axis=1))
    span = float(axis.positions[-1] - axis.positions[0])
    return AreaUnderCurve(
        unit=f"metric x {axis.name}",
        span=span,
        measure=untested_measure(areas, seeds=grid.subjects, why="an area of zero is no hypothesis about a loss"),
        mean_height=mean_interval(areas / span),
    )
