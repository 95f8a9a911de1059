"""Bring the intervals of several sides onto common levels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.comparison.side import Side
from analysis.grid import Grid, grid_from_frame
from configs.errors import TableError

__all__ = ["Alignment", "align_sides", "aligned_grids"]

INTERVAL, TARGET_TOKENS = "interval", "target_tokens"


@dataclass(frozen=True, slots=True)
class Alignment:
    """What one level means on every side."""

    column: str
    """Of the rows: `interval`, or `target_tokens` where an interval is not the same number of tokens on every side."""
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
    targets = [side.by_interval(TARGET_TOKENS) for side in sides]
    tokens = [side.by_interval("tokens") for side in sides]
    if all(targets) and _conflict(targets):
        by_target = [
            {int(target): reached[interval] for interval, target in each.items() if interval in reached}
            for each, reached in zip(targets, tokens, strict=True)
        ]
        why = "the same interval is not the same number of tokens on every side"
        aligned = Alignment(TARGET_TOKENS, TARGET_TOKENS, _merged(by_target), why)
        levels = [{int(target) for target in each.values()} for each in targets]
    else:
        is_known = all(targets)
        why = f"each level lies at the same tokens on every side{'' if is_known else ', as far as is known'}"
        aligned = Alignment(INTERVAL, _common_name(sides), _merged(tokens), why)
        levels = [{int(interval) for interval in side.rows[INTERVAL]} for side in sides]
    if all(len(each) > 1 for each in levels) and len(set.intersection(*levels) - {0}) == 0:
        raise TableError(
            f"{', '.join(side.name for side in sides)} share no {aligned.within} beyond the initial state; "
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


def _common_name(sides: Sequence[Side]) -> str:
    names = {side.within: side.name for side in sides}
    if len(names) > 1:
        listed = ", ".join(f"{within!r} of {name}" for within, name in names.items())
        raise TableError(f"levels are counted in different things: {listed}; compare what has the same levels")
    return next(iter(names))


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
