"""Find sides that hold the same measurements, and so are one piece of evidence and not two."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from analysis.condition_pairing import on_levels, shared_levels
from analysis.grid import Grid
from analysis.levels import Label

__all__ = ["Copy", "find_copies"]

INITIAL = 0  # the level of the initial state, which any two runs with the same initial weights share


@dataclass(frozen=True, slots=True)
class Copy:
    """Seeds whose losses are bit for bit the same on two sides, at every level that both sides have."""

    a: str
    b: str
    seeds: tuple[Label, ...]
    is_whole: bool
    """Whether neither side holds any other measurement."""


def find_copies(grids: Mapping[str, Grid]) -> tuple[Copy, ...]:
    """The pairs of sides that share measurements.

    A seed counts where it has a value of both sides at some level beyond the initial state, and the same value at all
    of these; a level at which one side has a gap tells nothing.

    Args:
        grids: By the side's name, each of shape (num_seeds, num_levels), gaps as NaN.
    """
    copies = [_copy(grids[a], grids[b], names=(a, b)) for a, b in combinations(grids, 2)]
    return tuple(copy for copy in copies if copy.seeds)


def _copy(a: Grid, b: Grid, *, names: tuple[str, str]) -> Copy:
    levels = shared_levels((a, b))
    rows_a, rows_b = (_by_seed(on_levels(grid, levels=levels)) for grid in (a, b))
    is_trained = np.array([level != INITIAL for level in levels], dtype=bool)
    both = {seed: np.isfinite(rows_a[seed]) & np.isfinite(rows_b[seed]) for seed in rows_a if seed in rows_b}
    measured = [seed for seed, cells in both.items() if (cells & is_trained).any()]
    same = [seed for seed in measured if np.array_equal(rows_a[seed][both[seed]], rows_b[seed][both[seed]])]
    is_whole = all(np.array_equal(rows_a[seed], rows_b[seed], equal_nan=True) for seed in same)
    return Copy(
        a=names[0],
        b=names[1],
        seeds=tuple(same),
        is_whole=is_whole and len(same) == a.num_subjects == b.num_subjects and a.levels == b.levels,
    )


def _by_seed(grid: Grid) -> dict[Label, NDArray[np.float64]]:
    return dict(zip(grid.subjects, grid.values, strict=True))
