"""Bring two conditions onto the levels, and where possible the seeds, that they share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from analysis.audit import without_unusable
from analysis.grid import Grid
from analysis.levels import Label

__all__ = [
    "LeftOut",
    "PairedConditions",
    "Pairing",
    "on_levels",
    "on_seeds",
    "pair_conditions",
    "shared_levels",
    "shared_seeds",
]

MIN_SHARED_SEEDS = 2
WHY_GAP = "it has no value at some level that is compared"


class Pairing(StrEnum):
    """Whether each seed is its own control."""

    PAIRED = "paired"
    UNPAIRED = "unpaired"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A seed or level of one condition that the comparison does not use."""

    condition: str
    what: str
    """`seed` or `level`."""
    id: str
    why: str


@dataclass(frozen=True)
class PairedConditions:
    """Complete grids over the same levels; over the same seeds, row by row, where they are paired."""

    pairing: Pairing
    a: Grid
    b: Grid
    left_out: tuple[LeftOut, ...]


def pair_conditions(a: Grid, b: Grid, *, names: tuple[str, str]) -> PairedConditions:
    """Keep the levels that both conditions have, then the seeds without a gap there, paired if two or more are shared.

    A level that no seed of a condition has does not count as its own. A seed with a gap is left out of both conditions
    when they are paired. An infinite cell, or one too large to be squared twice, is a gap.

    Args:
        a: Shape (num_seeds, num_levels), gaps as NaN.
        b: The same of the other condition.
        names: Of a and b.
    """
    levels = shared_levels((a, b))
    parts = [on_levels(grid, levels=levels) for grid in (a, b)]
    left_out = [
        LeftOut(name, "level", str(level), "the other condition has no value there")
        for grid, name in zip((a, b), names, strict=True)
        for level in _measured(grid)
        if level not in set(levels)
    ]
    shared = shared_seeds(parts)
    is_paired = len(shared) >= MIN_SHARED_SEEDS
    used = [dict.fromkeys(shared if is_paired else _complete(part)) for part in parts]
    left_out += [
        LeftOut(name, "seed", str(seed), f"{other} has no complete seed of this number" if complete else WHY_GAP)
        for part, name, other, seeds in zip(parts, names, reversed(names), used, strict=True)
        for seed, complete in zip(part.subjects, _is_complete(part), strict=True)
        if seed not in seeds
    ]
    grids = [on_seeds(part, seeds=list(seeds)) for part, seeds in zip(parts, used, strict=True)]
    return PairedConditions(Pairing.PAIRED if is_paired else Pairing.UNPAIRED, grids[0], grids[1], tuple(left_out))


def shared_levels(grids: Iterable[Grid]) -> tuple[Label, ...]:
    """The levels at which every grid has some value, in the order of the first."""
    first, *others = [_measured(grid) for grid in grids]
    in_all = set(first).intersection(*others)
    return tuple(level for level in first if level in in_all)


def shared_seeds(grids: Sequence[Grid]) -> tuple[Label, ...]:
    """The seeds that are complete in every grid, in the order of the first."""
    first, *others = [_complete(grid) for grid in grids]
    in_all = set(first).intersection(*others)
    return tuple(seed for seed in first if seed in in_all)


def on_levels(grid: Grid, *, levels: Sequence[Label]) -> Grid:
    """The same grid with these levels only, unusable cells as NaN."""
    place_of = {level: column for column, level in enumerate(grid.levels)}
    columns = np.array([place_of[level] for level in levels], dtype=np.intp)
    return Grid(values=without_unusable(grid.values)[:, columns], subjects=grid.subjects, levels=tuple(levels))


def on_seeds(grid: Grid, *, seeds: Sequence[Label]) -> Grid:
    """The same grid with these seeds only."""
    place_of = {seed: row for row, seed in enumerate(grid.subjects)}
    rows = np.array([place_of[seed] for seed in seeds], dtype=np.intp)
    return Grid(values=grid.values[rows], subjects=tuple(seeds), levels=grid.levels)


def _measured(grid: Grid) -> tuple[Label, ...]:
    has_value = np.asarray(np.any(np.isfinite(without_unusable(grid.values)), axis=0))
    return tuple(level for level, has in zip(grid.levels, has_value, strict=True) if has)


def _is_complete(grid: Grid) -> NDArray[np.bool_]:
    return np.asarray(np.all(np.isfinite(grid.values), axis=1))


def _complete(grid: Grid) -> tuple[Label, ...]:
    return tuple(seed for seed, complete in zip(grid.subjects, _is_complete(grid), strict=True) if complete)
