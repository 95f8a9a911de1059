"""Compare each seed's minimum: over all levels of its own side, and within the levels that both sides share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.comparison.alignment import Alignment
from analysis.condition_difference import ConditionDifference, difference_of, with_holm
from analysis.condition_pairing import (
    PairedConditions,
    Pairing,
    on_levels,
    on_seeds,
    pair_conditions,
    shared_levels,
)
from analysis.grid import Grid
from analysis.levels import Label
from analysis.rounding import first_lowest
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["Minima", "Minimum", "compare_minima"]


@dataclass(frozen=True, slots=True)
class Minimum:
    """Each seed's lowest value, side b minus side a; their p_holm is over all pairs of sides."""

    seeds_a: tuple[Label, ...]
    """Complete at all the levels among which the minimum is looked for."""
    seeds_b: tuple[Label, ...]
    num_last_a: int
    """Seeds that are lowest at the last of these levels, so that their minimum may lie beyond it."""
    num_last_b: int
    value: ConditionDifference
    """More levels, a longer run and more noise each make a minimum lower."""
    place: ConditionDifference
    """How much later it comes."""


@dataclass(frozen=True, slots=True)
class Minima:
    """The minima of two sides."""

    a: str
    b: str
    unit: str
    """Of the places."""
    has_same_levels: bool
    """Whether both sides were measured at the same levels; then `own` and `shared` are the same."""
    num_levels_a: int
    num_levels_b: int
    last_level_a: Label | None
    last_level_b: Label | None
    own: Minimum | Undefined
    """Each seed's minimum over all levels of its own side."""
    shared: Minimum | Undefined
    """Each seed's minimum within the levels that both sides have."""


def compare_minima(grids: Mapping[str, Grid], *, alignment: Alignment) -> tuple[Minima, ...]:
    """Compare the minima of every pair of sides, in the order of `itertools.combinations`.

    Pairs are paired by seed, or not, as `pair_conditions` decides on the shared levels. A seed with a gap at a level
    among which its minimum is looked for is left out, since its minimum may lie there.

    Args:
        grids: By the side's name, each of shape (num_seeds, num_levels), gaps as NaN.
        alignment: What the levels are.
    """
    minima = [_minima(grids[a], grids[b], names=(a, b), alignment=alignment) for a, b in combinations(grids, 2)]
    own, shared = (_with_holm([getattr(each, part) for each in minima]) for part in ("own", "shared"))
    return tuple(replace(each, own=own[place], shared=shared[place]) for place, each in enumerate(minima))


def _minima(a: Grid, b: Grid, *, names: tuple[str, str], alignment: Alignment) -> Minima:
    conditions = pair_conditions(a, b, names=names)
    measured = [on_levels(grid, levels=shared_levels((grid,))) for grid in (a, b)]
    is_known = all(level in alignment.tokens for grid in measured for level in grid.levels)
    tokens = alignment.tokens if is_known else {}
    complete = [_complete(grid, among=used) for grid, used in zip(measured, _used(conditions), strict=True)]
    if conditions.pairing is Pairing.PAIRED:
        complete = [[seed for seed in each if seed in set(complete[0]).intersection(complete[1])] for each in complete]
    own_a, own_b = (on_seeds(grid, seeds=seeds) for grid, seeds in zip(measured, complete, strict=True))
    return Minima(
        *names,
        unit="tokens" if is_known else alignment.within,
        has_same_levels=measured[0].levels == measured[1].levels,
        num_levels_a=measured[0].num_levels,
        num_levels_b=measured[1].num_levels,
        last_level_a=next(reversed(measured[0].levels), None),
        last_level_b=next(reversed(measured[1].levels), None),
        own=_minimum(PairedConditions(conditions.pairing, own_a, own_b, left_out=()), names=names, tokens=tokens),
        shared=_minimum(conditions, names=names, tokens=tokens),
    )


def _used(conditions: PairedConditions) -> tuple[set[Label], set[Label]]:
    return set(conditions.a.subjects), set(conditions.b.subjects)


def _complete(grid: Grid, *, among: Iterable[Label]) -> list[Label]:
    is_complete = np.asarray(np.isfinite(grid.values).all(axis=1))
    return [seed for seed, complete in zip(grid.subjects, is_complete, strict=True) if complete and seed in among]


def _minimum(
    conditions: PairedConditions, *, names: tuple[str, str], tokens: Mapping[int, float]
) -> Minimum | Undefined:
    sides = (conditions.a, conditions.b)
    if min(side.num_levels for side in sides) == 0:
        return Undefined("the sides share no level")
    if min(side.num_subjects for side in sides) < 2:
        has = ", ".join(
            f"{name} has {side.num_subjects} at {counted(side.num_levels, 'level')}"
            for side, name in zip(sides, names, strict=True)
        )
        return Undefined(f"a comparison needs at least 2 seeds without a gap on each side, and {has}")
    lowest = [first_lowest(side.values) for side in sides]
    places = [_places(side, columns=columns, tokens=tokens) for side, columns in zip(sides, lowest, strict=True)]
    return Minimum(
        seeds_a=conditions.a.subjects,
        seeds_b=conditions.b.subjects,
        num_last_a=int((lowest[0] == conditions.a.num_levels - 1).sum()),
        num_last_b=int((lowest[1] == conditions.b.num_levels - 1).sum()),
        value=difference_of(conditions, a=conditions.a.values.min(axis=1), b=conditions.b.values.min(axis=1)),
        place=difference_of(conditions, a=places[0], b=places[1]),
    )


def _places(grid: Grid, *, columns: NDArray[np.intp], tokens: Mapping[int, float]) -> NDArray[np.float64]:
    """Where each seed is lowest, in tokens where they are known, shape (num_seeds,)."""
    positions = [tokens.get(int(level), float(level)) for level in grid.levels]
    return np.asarray(np.array(positions)[columns])


def _with_holm(minima: Sequence[Minimum | Undefined]) -> list[Minimum | Undefined]:
    for measure in ("value", "place"):
        tested = with_holm([each if isinstance(each, Undefined) else getattr(each, measure) for each in minima])
        differences: list[Any] = [*tested]  # Any: the field is known by name only
        minima = [
            each if isinstance(each, Undefined) else replace(each, **{measure: difference})
            for each, difference in zip(minima, differences, strict=True)
        ]
    return list(minima)
