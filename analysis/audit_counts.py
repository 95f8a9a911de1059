"""Set the degrees of freedom that a table promised beside those that an analysis used."""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.audit import Audited
from analysis.grid import Grid

__all__ = ["AuditCount", "count_used"]


@dataclass(frozen=True, slots=True)
class AuditCount:
    """One metric, as it was given and as it was used."""

    metric: str
    num_subjects_given: int
    num_subjects_used: int
    num_levels_given: int
    num_levels_used: int
    df_given: tuple[int, int]
    """Of the effect and of its error, had nothing been left out."""
    df_used: tuple[int, int]


def count_used(grids: Mapping[str, Grid], *, audited: Mapping[str, Audited]) -> tuple[AuditCount, ...]:
    """One row per metric.

    Args:
        grids: By metric, gaps as NaN.
        audited: What is left of each.
    """
    return tuple(_count(metric, given=grid, used=audited[metric].grid) for metric, grid in grids.items())


def _count(metric: str, *, given: Grid, used: Grid) -> AuditCount:
    return AuditCount(
        metric=metric,
        num_subjects_given=given.num_subjects,
        num_subjects_used=used.num_subjects,
        num_levels_given=given.num_levels,
        num_levels_used=used.num_levels,
        df_given=_degrees_of_freedom(given),
        df_used=_degrees_of_freedom(used),
    )


def _degrees_of_freedom(grid: Grid) -> tuple[int, int]:
    d, v = max(grid.num_levels - 1, 0), max(grid.num_subjects - 1, 0)
    return d, d * v
