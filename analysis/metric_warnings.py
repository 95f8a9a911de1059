"""Find what makes a formally right result misleading."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from analysis.grid import Grid

__all__ = ["warn_about_metric", "warn_about_same_metrics"]

# Below 6 seeds the exact two-sided p cannot pass .05: its floor is 2 / 2^n.
MIN_SEEDS_EXACT = 6
MIN_SEEDS_TO_COMPARE = 3
SAME_CURVE_TOLERANCE = 1e-6
PARALLEL_WITHIN = 1e-9
VOLATILITY_IS_DERIVED = (
    "rolling_volatility is computed from val_loss: another view of the same curve, not a second finding"
)


def warn_about_metric(grid: Grid, *, metric: str) -> tuple[str, ...]:
    """Sentences on too few seeds, identical or parallel seeds, and levels at which all seeds agree.

    Args:
        grid: The complete grid that the analysis uses.
        metric: Its name.
    """
    return (
        *_few_seeds(grid, metric=metric),
        *_same_seeds(grid, metric=metric),
        *_parallel_seeds(grid, metric=metric),
        *_fixed_levels(grid, metric=metric),
    )


def warn_about_same_metrics(grids: Mapping[str, Grid]) -> tuple[str, ...]:
    """Sentences on metrics that are computed from another one of them, and so are no second finding.

    Args:
        grids: The grid of each metric, with gaps.
    """
    ordered = [*combinations(grids, 2), *((b, a) for a, b in combinations(grids, 2))]
    same_curve = tuple(
        f"{exponential} is exp({loss}): the same curve again, not a second finding"
        for loss, exponential in ordered
        if _is_exponential(grids[exponential], of=grids[loss])
    )
    if {"val_loss", "rolling_volatility"} <= grids.keys():
        return (*same_curve, VOLATILITY_IS_DERIVED)
    return same_curve


def _few_seeds(grid: Grid, *, metric: str) -> tuple[str, ...]:
    num_seeds = grid.num_subjects
    if num_seeds < MIN_SEEDS_TO_COMPARE:
        return (f"{metric}: {num_seeds} seed{'' if num_seeds == 1 else 's'} used; report values, draw no inference",)
    if num_seeds < MIN_SEEDS_EXACT:
        return (f"{metric}: with {num_seeds} seeds the exact sign-flip p cannot fall below {2 / 2**num_seeds:g}",)
    return ()


def _same_seeds(grid: Grid, *, metric: str) -> tuple[str, ...]:
    if grid.num_levels == 0:
        return ()
    first_with: dict[bytes, str] = {}
    sentences = []
    for seed, row in zip(grid.subjects, grid.values, strict=True):
        twin = first_with.setdefault(row.tobytes(), str(seed))
        if twin != str(seed):
            sentences.append(f"{metric}: seeds {twin} and {seed} are bit-identical; they are one replicate, not two")
    return tuple(sentences)


def _parallel_seeds(grid: Grid, *, metric: str) -> tuple[str, ...]:
    if grid.num_levels < 2:
        return ()
    # Rounded to a part in 10^9 of the largest value, so that the roundings of an added constant do not tell them apart.
    unit = PARALLEL_WITHIN * float(np.abs(grid.values).max(initial=0.0)) or 1.0
    shapes = np.round((grid.values - grid.values[:, :1]) / unit)
    first_with: dict[bytes, int] = {}
    sentences = []
    for row, (seed, shape) in enumerate(zip(grid.subjects, shapes, strict=True)):
        twin = first_with.setdefault((shape + 0.0).tobytes(), row)
        if twin != row and shape.any() and grid.values[row].tobytes() != grid.values[twin].tobytes():
            sentences.append(
                f"{metric}: seeds {grid.subjects[twin]} and {seed} differ by a constant only; real seeds rarely do"
            )
    return tuple(sentences)


def _fixed_levels(grid: Grid, *, metric: str) -> tuple[str, ...]:
    if grid.num_subjects < 2:
        return ()
    is_fixed = np.ptp(grid.values, axis=0) == 0
    return tuple(
        f"{metric}: all seeds have the same value at level {level}; it is kept"
        for level, fixed in zip(grid.levels, is_fixed, strict=True)
        if fixed
    )


def _is_exponential(grid: Grid, *, of: Grid) -> bool:
    if grid.values.shape != of.values.shape:
        return False
    shared = np.isfinite(grid.values) & np.isfinite(of.values)
    exponential, loss = grid.values[shared], of.values[shared]
    # One value, or none, is no curve.
    if len(loss) < 2 or np.ptp(loss) == 0 or (exponential <= 0).any():
        return False
    return bool(np.allclose(np.log(exponential), loss, rtol=SAME_CURVE_TOLERANCE, atol=SAME_CURVE_TOLERANCE))
