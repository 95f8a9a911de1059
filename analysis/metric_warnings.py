"""Find what makes a formally right result misleading."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from analysis.apa_numbers import floor_text
from analysis.excerpt import listed_words
from analysis.few_seeds import is_only_described
from analysis.grid import Grid
from analysis.replicates import groups_of_copies, groups_of_parallels
from analysis.rounding import is_flat, rounding_of
from analysis.sums_of_squares import SMALLEST_SQUARED
from configs.counted import counted

__all__ = ["warn_about_metrics", "warn_about_same_metrics"]

# Below 6 seeds the exact two-sided p cannot pass .05: its floor is 2 / 2^n.
MIN_SEEDS_EXACT = 6
SAME_CURVE_TOLERANCE = 1e-6
MIN_LEVELS_FLAT = 3  # two values of a share or a count may well be equal
VOLATILITY_IS_DERIVED = (
    "rolling_volatility is computed from val_loss: another view of the same curve, not a second finding"
)


def warn_about_metrics(grids: Mapping[str, Grid]) -> tuple[str, ...]:
    """Sentences on too few seeds or levels, on seeds that are no replicates, and on levels at which all seeds agree.

    What holds of several metrics is said once, of all of them.

    Args:
        grids: The complete grid of each metric, as the analysis uses it.
    """
    metrics_of: dict[str, list[str]] = {}
    for metric, grid in grids.items():
        for sentence in _warn(grid):
            metrics_of.setdefault(sentence, []).append(metric)
    return tuple(f"{', '.join(metrics)}: {sentence}" for sentence, metrics in metrics_of.items())


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
    volatility = grids.get("rolling_volatility")
    if "val_loss" in grids and volatility is not None and np.isfinite(volatility.values).any():
        return (*same_curve, VOLATILITY_IS_DERIVED)
    return same_curve


def _warn(grid: Grid) -> tuple[str, ...]:
    if grid.num_subjects == 0 or grid.num_levels == 0:
        return ()
    few = (*_few_seeds(grid), *_few_levels(grid), *_small_values(grid))
    # Where nothing changes from level to level, the summary says so, and all that follows from it needs no words.
    if grid.num_levels > 1 and is_flat(grid.values).all():
        return few
    copies = groups_of_copies(grid)
    if copies and len(copies[0]) == grid.num_subjects:
        return (*few, f"all {grid.num_subjects} seeds are bit-identical: one replicate, which no test can generalise")
    return (
        *few,
        *(f"seeds {listed_words(seeds)} are bit-identical: one replicate, not {len(seeds)}" for seeds in copies),
        *(
            f"seeds {listed_words(seeds)} differ by a constant only; real seeds rarely do"
            for seeds in groups_of_parallels(grid)
        ),
        *_flat_seeds(grid),
        *_fixed_levels(grid),
    )


def _few_seeds(grid: Grid) -> tuple[str, ...]:
    num_seeds = grid.num_subjects
    if is_only_described(num_seeds):
        return (f"{counted(num_seeds, 'seed')} used; report values, draw no inference",)
    if num_seeds < MIN_SEEDS_EXACT:
        return (f"with {num_seeds} seeds the exact sign-flip p cannot fall below {floor_text(2 / 2**num_seeds)}",)
    return ()


def _few_levels(grid: Grid) -> tuple[str, ...]:
    return () if grid.num_levels > 1 else ("1 level used; nothing can be said of a trajectory",)


def _small_values(grid: Grid) -> tuple[str, ...]:
    largest = float(np.abs(grid.values).max())
    if not 0 < largest < SMALLEST_SQUARED:
        return ()
    return (
        f"no value is above {largest:.1e} in size, whose square is lost, so that spread looks like none; scale them up",
    )


def _flat_seeds(grid: Grid) -> tuple[str, ...]:
    if grid.num_levels < MIN_LEVELS_FLAT:
        return ()
    seeds = [seed for seed, flat in zip(grid.subjects, is_flat(grid.values), strict=True) if flat]
    if not seeds:
        return ()
    whose, have = ("seed", "has") if len(seeds) == 1 else ("seeds", "have")
    return (f"{whose} {listed_words(seeds)} {have} one value at every level",)


def _fixed_levels(grid: Grid) -> tuple[str, ...]:
    if grid.num_subjects < 2:
        return ()
    is_fixed = np.ptp(grid.values, axis=0) <= rounding_of(grid.values)
    levels = [level for level, fixed in zip(grid.levels, is_fixed, strict=True) if fixed]
    if not levels:
        return ()
    if len(levels) == 1:
        return (f"all seeds have the same value at level {levels[0]}; it is kept",)
    return (f"all seeds have the same value at levels {listed_words(levels)}; they are kept",)


def _is_exponential(grid: Grid, *, of: Grid) -> bool:
    if grid.values.shape != of.values.shape:
        return False
    shared = np.isfinite(grid.values) & np.isfinite(of.values)
    exponential, loss = grid.values[shared], of.values[shared]
    # One value, or none, is no curve.
    if len(loss) < 2 or np.ptp(loss) == 0 or (exponential <= 0).any():
        return False
    return bool(np.allclose(np.log(exponential), loss, rtol=SAME_CURVE_TOLERANCE, atol=SAME_CURVE_TOLERANCE))
