"""Bring the intervals of several sides onto common levels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.comparison.side import Side
from analysis.excerpt import excerpt
from analysis.grid import Grid, grid_from_frame
from configs.errors import TableError

__all__ = ["Alignment", "align_sides", "aligned_grids"]

INTERVAL, TARGET_TOKENS, TOKENS = "interval", "target_tokens", "tokens"


@dataclass(frozen=True, slots=True)
class Alignment:
    """What one level means on every side."""

    column: str
    """Of the rows: `interval`, or where an interval is not the same number of tokens on every side, `target_tokens` or,
    if some side lacks that, `tokens`."""
    within: str
    """What the sources call it."""
    tokens: Mapping[int, float]
    """Training tokens by level, of the first side that has it; empty unless every side knows its tokens."""
    why: str


def align_sides(sides: Sequence[Side]) -> Alignment:
    """Take intervals as levels where they end at the same tokens, else the tokens themselves.

    Args:
        sides: Two or more.

    Raises:
        TableError: If the sides share no level but the initial state, or count their levels in different things.
    """
    tokens = [side.by_interval(TOKENS) for side in sides]
    column = next((each for each in (TARGET_TOKENS, TOKENS) if _is_known(each, sides=sides)), None)
    labels = [] if column is None else [side.by_interval(column) for side in sides]
    if column is not None and _conflict(labels):
        by_label = [
            {int(label): reached[interval] for interval, label in each.items() if interval in reached}
            for each, reached in zip(labels, tokens, strict=True)
        ]
        why = "the same interval is not the same number of tokens on every side"
        aligned = Alignment(column, column, _merged(by_label), why)
        levels = [{int(label) for label in each.values()} for each in labels]
    else:
        why = f"each level lies at the same tokens on every side{'' if column else ', as far as is known'}"
        aligned = Alignment(INTERVAL, _common_name(sides), _merged(tokens), why)
        levels = [{int(interval) for interval in side.rows[INTERVAL]} for side in sides]
    if all(len(each) > 1 for each in levels) and len(set.intersection(*levels) - {0}) == 0:
        raise TableError(
            f"{', '.join(side.source for side in sides)} share no {aligned.within} beyond the initial state; "
            "compare experiments whose levels meet somewhere"
        )
    return aligned


def aligned_grids(sides: Sequence[Side], *, alignment: Alignment, metric: str) -> dict[str, Grid]:
    """One grid per side, by its name, levels as the alignment says.

    Raises:
        TableError: If a cell appears twice or the metric is not a number.
    """
    return {
        side.name: grid_from_frame(
            side.rows.astype({alignment.column: "int64"}), subject="seed", within=alignment.column, metric=metric
        )
        for side in sides
    }


def _is_known(column: str, *, sides: Sequence[Side]) -> bool:
    """Whether every row of every side says in this column, as a whole number, how many tokens its interval is."""
    return all(column in side.rows.columns and _are_whole(side.rows[column]) for side in sides)


def _are_whole(column: pd.Series) -> bool:
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    return bool(np.all(np.isfinite(values) & (values == np.round(values))))


def _common_name(sides: Sequence[Side]) -> str:
    first = sides[0]
    for side in sides[1:]:
        if side.within != first.within:
            odd, other = (first, side) if side.within == INTERVAL else (side, first)
            raise TableError(
                f"{odd.source} counts its levels by {excerpt(odd.within)} and {other.source} by "
                f"{excerpt(other.within)}, so that no level of one is known to be one of the other; call the column of "
                f"{odd.source} {excerpt(other.within)}, and number its levels as {other.source} does"
            )
    return first.within


def _merged(tokens: Sequence[Mapping[int, float]]) -> dict[int, float]:
    if not all(tokens):
        return {}
    return {level: reached for each in reversed(tokens) for level, reached in each.items()}


def _conflict(targets: Sequence[Mapping[int, float]]) -> bool:
    first = dict(targets[0])
    for each in targets[1:]:
        if any(first.setdefault(interval, target) != target for interval, target in each.items()):
            return True
    return False
