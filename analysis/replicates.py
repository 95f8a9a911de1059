"""Find seeds that are copies of one another, and so no replicates."""

import numpy as np
from numpy.typing import NDArray

from analysis.grid import Grid
from analysis.levels import Label
from analysis.rounding import is_flat, rounding_of
from analysis.undefined import Undefined

__all__ = ["groups_of_copies", "groups_of_parallels", "why_one_replicate"]

PARALLEL_WITHIN = 1e-9


def why_one_replicate(values: NDArray[np.float64]) -> Undefined | None:
    """Why nothing over the seeds can be tested: all have the same values, but for rounding. None where they differ.

    Args:
        values: Complete, shape (num_seeds, num_levels).
    """
    if len(values) < 2 or values.shape[1] == 0 or float(np.ptp(values, axis=0).max()) > rounding_of(values):
        return None
    return Undefined(f"all {len(values)} seeds have the same values: they are one replicate")


def groups_of_copies(grid: Grid) -> tuple[tuple[Label, ...], ...]:
    """The seeds that are bit-identical, two or more to a group; one value, at one level or at all, makes no copy.

    Args:
        grid: Complete, shape (num_seeds, num_levels).
    """
    if grid.num_levels < 2:
        return ()
    shaped = _rows(grid, rows=np.flatnonzero(~is_flat(grid.values)).tolist())
    return _groups(shaped, keys=[row.tobytes() for row in shaped.values])


def groups_of_parallels(grid: Grid) -> tuple[tuple[Label, ...], ...]:
    """The seeds that differ by a constant only; copies count once, and a flat seed has no shape to share.

    Args:
        grid: Complete, shape (num_seeds, num_levels).
    """
    if grid.num_levels < 2:
        return ()
    _, first_rows = np.unique(grid.values, axis=0, return_index=True)
    flat = is_flat(grid.values)
    distinct = _rows(grid, rows=[row for row in sorted(first_rows.tolist()) if not flat[row]])
    # Rounded to a part in 10^9 of the largest value, so that the roundings of an added constant do not tell them apart.
    unit = PARALLEL_WITHIN * float(np.abs(distinct.values).max(initial=0.0)) or 1.0
    shapes = np.round((distinct.values - distinct.values[:, :1]) / unit) + 0.0
    shaped = np.flatnonzero(shapes.any(axis=1)).tolist()
    return _groups(_rows(distinct, rows=shaped), keys=[shapes[row].tobytes() for row in shaped])


def _rows(grid: Grid, *, rows: list[int]) -> Grid:
    return Grid(grid.values[rows], tuple(grid.subjects[row] for row in rows), grid.levels)


def _groups(grid: Grid, *, keys: list[bytes]) -> tuple[tuple[Label, ...], ...]:
    by_key: dict[bytes, list[Label]] = {}
    for seed, key in zip(grid.subjects, keys, strict=True):
        by_key.setdefault(key, []).append(seed)
    return tuple(tuple(seeds) for seeds in by_key.values() if len(seeds) > 1)
