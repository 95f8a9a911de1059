"""Say which pairs of neighbouring levels a trajectory lacks, and which counts are without them."""

import numpy as np
from numpy.typing import NDArray

from analysis.grid import Grid
from configs.counted import counted

__all__ = ["warn_about_lost_pairs"]

NUM_NAMED = 6
LEAST_REGULAR_SHARE = 0.75
CONSEQUENCE = (
    "backslides, spikes and stable_phase are counted without them, drawdown and rises end at the first gap of a seed, "
    "and stopping leaves such seeds out"
)


def warn_about_lost_pairs(losses: Grid) -> tuple[str, ...]:
    """Sentences on cells that are missing inside the grid, and on a level that every seed seems to have skipped.

    A cell that is missing takes two deltas with it, so that counts of deltas fall without a word. A level without any
    cell is no part of a grid: where nearly all whole-numbered levels are equally far apart, the ones that are missing
    in between are named, since the two beside them then count as neighbours.

    Args:
        losses: Shape (num_seeds, num_levels), gaps as NaN; a subject of any other name is called a seed here, too.
    """
    return (*_missing_cells(losses), *_skipped_levels(losses))


def _missing_cells(losses: Grid) -> tuple[str, ...]:
    is_missing = ~np.isfinite(losses.values)
    num_pairs = losses.num_subjects * max(losses.num_levels - 1, 0)
    num_lost = int((is_missing[:, 1:] | is_missing[:, :-1]).sum())
    if num_lost == 0:
        return ()
    is_or_are = "is" if num_lost == 1 else "are"
    return (
        f"val_loss: {num_lost:,} of {counted(num_pairs, 'pair')} of neighbouring levels {is_or_are} missing "
        f"({_named(losses, is_missing)}); {CONSEQUENCE}",
    )


def _named(losses: Grid, is_missing: NDArray[np.bool_]) -> str:
    everywhere = np.asarray(np.all(is_missing, axis=0))
    parts = [f"every seed at {_levels(losses, everywhere)}"] if everywhere.any() else []
    parts += [
        f"seed {seed} at {_levels(losses, row)}"
        for seed, row in zip(losses.subjects, is_missing & ~everywhere, strict=True)
        if row.any()
    ]
    rest = len(parts) - NUM_NAMED
    return "; ".join(parts[:NUM_NAMED]) + (f"; and {rest} more" if rest > 0 else "")


def _levels(losses: Grid, chosen: NDArray[np.bool_]) -> str:
    names = [str(losses.levels[place]) for place in np.flatnonzero(chosen)]
    rest = len(names) - NUM_NAMED
    return ", ".join(names[:NUM_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _skipped_levels(losses: Grid) -> tuple[str, ...]:
    numbers = [level for level in losses.levels if isinstance(level, int)]
    if len(numbers) < max(losses.num_levels, 3):
        return ()
    steps = np.diff(numbers)
    usual = int(steps.min())
    is_wide = steps != usual
    if not is_wide.any() or is_wide.mean() > 1 - LEAST_REGULAR_SHARE or (steps % usual).any():
        return ()
    places = np.flatnonzero(is_wide)
    named = ", ".join(f"{numbers[place]} and {numbers[place + 1]}" for place in places[:NUM_NAMED])
    more = f" and {len(places) - NUM_NAMED} more" if len(places) > NUM_NAMED else ""
    return (
        f"val_loss: levels are {usual} apart but for {named}{more}: no seed has what lies between, and telemetry takes "
        "such two for neighbours",
    )
