"""Count the cells that an indicator flags, with their denominator."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.grid import Grid
from analysis.levels import Label
from configs.counted import counted

__all__ = ["Count", "FlaggedCell", "count_flags", "indicator"]


@dataclass(frozen=True, slots=True)
class FlaggedCell:
    """A seed and level at which an indicator is 1."""

    seed: Label
    level: Label


@dataclass(frozen=True, slots=True)
class Count:
    """How many cells an indicator flags, among those where it is defined."""

    count: int
    of: int
    text: str
    cells: tuple[FlaggedCell, ...]


def indicator(claim: NDArray[np.bool_], *, defined: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 where the claim holds, 0 where it does not, NaN where `defined` is NaN."""
    return np.where(np.isnan(defined), np.nan, claim.astype(np.float64))


def count_flags(flags: NDArray[np.float64], *, grid: Grid, noun: str, which: str = "") -> Count:
    """Count the ones of an indicator; cells where it is NaN are in neither number.

    Args:
        flags: 0, 1 or NaN, shape (num_seeds, num_levels).
        grid: Names the seeds and levels.
        noun: What one cell is, such as `delta`.
        which: What the counted cells have, such as `with a standard error`.
    """
    count, total = int(np.nansum(flags)), int(np.isfinite(flags).sum())
    cells = tuple(FlaggedCell(grid.subjects[row], grid.levels[column]) for row, column in np.argwhere(flags == 1))
    text = f"{count:,} of {counted(total, noun)} {which}".rstrip()
    return Count(count=count, of=total, text=text, cells=cells)
