"""Take each n-th of very many levels."""

from collections.abc import Sequence

import pandas as pd

from analysis.levels import ordered_labels
from analysis.sources.cells import Cells

__all__ = ["MOST_LEVELS", "thin_levels"]

# An analysis says something of every level: at 10,000 statistics.json has some 20 MB, and no reader.
MOST_LEVELS = 10_000


def thin_levels(frame: pd.DataFrame, *, within: str, every: int | None) -> Cells:
    """The rows of the first level, of each n-th after it, and of the last.

    Args:
        frame: One row per cell.
        within: Column that names the levels.
        every: n; None takes all of up to 10,000 levels, and of more the smallest n that leaves no more than that.
    """
    levels = ordered_labels(frame[within].drop_duplicates())
    step = every if every is not None else -(-len(levels) // MOST_LEVELS)
    if step == 1:
        return Cells(frame, ())
    kept: Sequence[object] = list(dict.fromkeys((*levels[::step], levels[-1])))
    rule = f"--every {step}" if every is not None else f"--every {step}, for want of a declared number; 1 takes all"
    note = f"of {len(levels):,} levels one in {step} and the last are analysed, {len(kept):,} in all ({rule})"
    return Cells(frame[frame[within].isin(kept)], (note,))
