"""Compare every level with a reference level, with one error rate over all of them."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from analysis.grid import Grid
from analysis.levels import Label
from analysis.max_t import LARGEST_WORK, max_t, max_t_work
from analysis.paired_t import PairedT, holm, paired_t
from analysis.rounding import first_lowest
from analysis.sign_patterns import FlipMethod, SignPatterns
from analysis.t_interval import t_critical
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["AgainstReference", "LevelContrast", "Reference", "Simultaneous", "compare_with_references"]

DECLARED_NOTE = (
    "The reference is named by its place, not by its value. Each reference is a family by itself with an error rate of "
    "5 %; choose one before looking."
)
CHOSEN_NOTE = (
    "The reference is the level of the lowest mean, chosen from the same data. All corrections therefore run over "
    "every pair of levels, which covers any choice; the difference itself is still biased upwards, since a minimum "
    "over noisy means lies low."
)
WHY_EXCLUDED = "its difference from the reference does not vary over the seeds"


class Reference(StrEnum):
    """The level with which the others are compared."""

    FIRST = "first"
    LAST = "last"
    MINIMUM = "minimum"


@dataclass(frozen=True, slots=True)
class LevelContrast:
    """One level minus the reference level, over the same seeds."""

    level: Label
    mean_difference: float
    ci95_low: float
    ci95_high: float
    sim95_low: float
    """Bonferroni's simultaneous t interval: all of the family cover at once with 95 %."""
    sim95_high: float
    t: float
    df: int
    p: float
    p_holm: float | Undefined
    p_max_t: float | Undefined


@dataclass(frozen=True, slots=True)
class ExcludedLevel:
    """A level whose difference from the reference does not vary over the seeds, so that it has no t."""

    level: Label
    why: str


@dataclass(frozen=True, slots=True)
class MaxTFamily:
    """What the max-T p-values can be."""

    p_floor: float
    num_flips: int
    method: FlipMethod
    generator_seed: int | None
    num_pairs: int
    """Differences over which the maximum is taken."""


@dataclass(frozen=True, slots=True)
class AgainstReference:
    """All levels against one reference."""

    reference: Reference
    level: Label
    num_comparisons: int
    """How many differences the simultaneous interval and Holm's correction allow for."""
    chosen_from_data: bool
    note: str
    max_t: MaxTFamily | Undefined
    rows: tuple[LevelContrast, ...]
    excluded: tuple[ExcludedLevel, ...]


@dataclass(frozen=True, slots=True)
class Simultaneous:
    """One family per reference; `declared` is the one to read first."""

    declared: Reference
    references: dict[str, AgainstReference]


def compare_with_references(grid: Grid, *, declared: Reference = Reference.LAST) -> Simultaneous | Undefined:
    """Level minus reference: paired t with simultaneous interval, Holm's p and the exact max-T sign-flip p.

    - sim95: mean +- t(1 - .05 / (2 m), n - 1) SE with m = `num_comparisons`. Assumes near-normal differences.
    - p_holm: Holm's step-down correction of the m t-tests. Same assumption.
    - p_max_t: see `max_t`. Assumes symmetry only.

    Against the first or the last level m = num_levels - 1. Against the lowest mean, m counts all pairs of levels, and
    the maximum of max-T runs over them. A level whose difference does not vary over the seeds is named and left out; it
    still counts in m. Missing cells are the caller's: the grid is complete.

    Args:
        grid: Complete, shape (num_seeds, num_levels).
        declared: The reference that was decided on before looking.

    Returns:
        The families, or why there are none. Above 10^8 pairs x patterns, p_holm and p_max_t of the minimum are
        undefined.

    Source: the tests as R's t.test and p.adjust; max-T as in `max_t`.
    """
    if grid.num_subjects < 2 or grid.num_levels < 2:
        return Undefined(
            f"{counted(grid.num_subjects, 'seed')} and {counted(grid.num_levels, 'level')} left; a difference needs 2 "
            "of each"
        )
    return Simultaneous(
        declared=declared, references={reference.value: _against(grid, reference=reference) for reference in Reference}
    )


def _against(grid: Grid, *, reference: Reference) -> AgainstReference:
    place = _place(grid, reference=reference)
    is_chosen = reference is Reference.MINIMUM
    reported = np.array([(level, place) for level in range(grid.num_levels) if level != place])
    num_comparisons = grid.num_levels * (grid.num_levels - 1) // 2 if is_chosen else len(reported)
    tests = paired_t(grid.values, pairs=reported)
    adjusted = _adjust(grid, reported=reported, tests=tests, among_all_pairs=is_chosen)
    rows = _rows(grid, levels=reported[:, 0], tests=tests, adjusted=adjusted, num_comparisons=num_comparisons)
    return AgainstReference(
        reference=reference,
        level=grid.levels[place],
        num_comparisons=num_comparisons,
        chosen_from_data=is_chosen,
        note=CHOSEN_NOTE if is_chosen else DECLARED_NOTE,
        max_t=adjusted.family,
        rows=rows,
        excluded=tuple(
            ExcludedLevel(level=grid.levels[level], why=WHY_EXCLUDED) for level in reported[tests.is_fixed, 0]
        ),
    )


def _place(grid: Grid, *, reference: Reference) -> int:
    if reference is Reference.MINIMUM:
        return int(first_lowest(grid.values.mean(axis=0, keepdims=True))[0])
    return 0 if reference is Reference.FIRST else grid.num_levels - 1


@dataclass(frozen=True)
class _Adjusted:
    p_holm: NDArray[np.float64] | Undefined
    """Shape (num_reported,)."""
    p_max_t: NDArray[np.float64] | Undefined
    """Shape (num_reported,), NaN where the difference is fixed."""
    family: MaxTFamily | Undefined


def _adjust(grid: Grid, *, reported: NDArray[np.intp], tests: PairedT, among_all_pairs: bool) -> _Adjusted:
    if not among_all_pairs:
        return _adjust_within(grid, reported=reported, tests=tests, family=reported, family_tests=tests)
    num_pairs = grid.num_levels * (grid.num_levels - 1) // 2
    if max_t_work(num_seeds=grid.num_subjects, num_family_pairs=num_pairs) > LARGEST_WORK:
        why = Undefined(f"{num_pairs:,} pairs of levels are too many; compare with the first or the last level")
        return _Adjusted(p_holm=why, p_max_t=why, family=why)
    family = np.array(list(combinations(range(grid.num_levels), 2)))
    family_tests = paired_t(grid.values, pairs=family)
    return _adjust_within(grid, reported=reported, tests=tests, family=family, family_tests=family_tests)


def _adjust_within(
    grid: Grid, *, reported: NDArray[np.intp], tests: PairedT, family: NDArray[np.intp], family_tests: PairedT
) -> _Adjusted:
    place_of = {frozenset(pair): row for row, pair in enumerate(family.tolist())}
    rows = [place_of[frozenset(pair)] for pair in reported.tolist()]
    by_holm = holm(family_tests.p)[rows]
    varying = ~tests.is_fixed
    if not varying.any():
        why = Undefined("no difference varies over the seeds")
        return _Adjusted(p_holm=by_holm, p_max_t=why, family=why)
    looked_at = family[~family_tests.is_fixed]
    result = max_t(grid.values, pairs=reported[varying], family=looked_at)
    p_max_t = np.full(len(reported), np.nan)
    p_max_t[varying] = result.p
    return _Adjusted(p_holm=by_holm, p_max_t=p_max_t, family=_max_t_family(result.patterns, num_pairs=len(looked_at)))


def _max_t_family(patterns: SignPatterns, *, num_pairs: int) -> MaxTFamily:
    return MaxTFamily(
        p_floor=patterns.p_floor,
        num_flips=patterns.num_flips,
        method=patterns.method,
        generator_seed=patterns.generator_seed,
        num_pairs=num_pairs,
    )


def _rows(
    grid: Grid, *, levels: NDArray[np.intp], tests: PairedT, adjusted: _Adjusted, num_comparisons: int
) -> tuple[LevelContrast, ...]:
    df = grid.num_subjects - 1
    half_width = t_critical(df) * tests.standard_error
    wide = t_critical(df, num_intervals=num_comparisons) * tests.standard_error
    return tuple(
        LevelContrast(
            level=grid.levels[levels[row]],
            mean_difference=float(tests.mean[row]),
            ci95_low=float(tests.mean[row] - half_width[row]),
            ci95_high=float(tests.mean[row] + half_width[row]),
            sim95_low=float(tests.mean[row] - wide[row]),
            sim95_high=float(tests.mean[row] + wide[row]),
            t=float(tests.t[row]),
            df=df,
            p=float(tests.p[row]),
            p_holm=_at(adjusted.p_holm, row=row),
            p_max_t=_at(adjusted.p_max_t, row=row),
        )
        for row in np.flatnonzero(~tests.is_fixed).tolist()
    )


def _at(values: NDArray[np.float64] | Undefined, *, row: int) -> float | Undefined:
    return values if isinstance(values, Undefined) else float(values[row])
