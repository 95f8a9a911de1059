"""Describe every level over the seeds."""

from dataclasses import dataclass

from analysis.grid import Grid
from analysis.levels import Label
from analysis.t_interval import mean_interval
from analysis.undefined import Undefined

__all__ = ["LevelDescription", "describe_levels"]


@dataclass(frozen=True, slots=True)
class LevelDescription:
    """Mean, standard deviation and 95 % t interval over the seeds at one level."""

    level: Label
    n: int
    mean: float | Undefined
    sd: float | Undefined
    ci95_low: float | Undefined
    ci95_high: float | Undefined


def describe_levels(grid: Grid) -> tuple[LevelDescription, ...]:
    """Describe each level of a complete grid, shape (num_seeds, num_levels); formula in `mean_interval`."""
    return tuple(_describe(level, grid=grid, column=column) for column, level in enumerate(grid.levels))


def _describe(level: Label, *, grid: Grid, column: int) -> LevelDescription:
    interval = mean_interval(grid.values[:, column])
    return LevelDescription(
        level=level,
        n=interval.n,
        mean=interval.mean,
        sd=interval.sd,
        ci95_low=interval.ci95_low,
        ci95_high=interval.ci95_high,
    )
