"""Compare conditions over all intervals, paired by seed where seeds are shared."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.condition_difference import (
    ConditionDifference,
    LevelDifferences,
    difference_of,
    differences_by_level,
    with_holm,
)
from analysis.condition_pairing import (
    LeftOut,
    PairedConditions,
    Pairing,
    on_levels,
    on_seeds,
    pair_conditions,
    shared_levels,
    shared_seeds,
)
from analysis.contrasts import contrast_scores
from analysis.grid import Grid
from analysis.levels import Label
from analysis.replicates import why_one_replicate
from analysis.rounding import rounding_of
from analysis.sign_flip import SignFlip, flip_scores
from analysis.undefined import Undefined
from analysis.within_effect import WithinEffect, group_effect, within_effect
from configs.counted import counted

__all__ = ["Comparison", "ConditionByInterval", "compare_conditions", "condition_by_interval"]

PAIRED_NOTE = (
    "Each seed is its own control. Differences are b - a. Seeds of one number share what their seed controls; where "
    "models differ in shape their initial weights do not."
)
UNPAIRED_NOTE = (
    "The conditions share fewer than two complete seeds, so that they are compared as different seeds: Welch's t, and "
    "an interaction that assumes one covariance in both."
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Condition b minus condition a, over the levels that both have."""

    a: str
    b: str
    pairing: Pairing
    seeds_a: tuple[Label, ...]
    seeds_b: tuple[Label, ...]
    levels: tuple[Label, ...]
    left_out: tuple[LeftOut, ...]
    mean: ConditionDifference | Undefined
    """Of each seed's average over the levels."""
    minimum: ConditionDifference | Undefined
    """Of each seed's lowest value, wherever it is; more noise alone makes it lower."""
    final: ConditionDifference | Undefined
    """At the last level that both have."""
    interaction: WithinEffect | Undefined
    """Whether the difference between the conditions changes from level to level."""
    interaction_sign_flip: SignFlip | Undefined
    by_level: LevelDifferences | Undefined
    note: str


@dataclass(frozen=True, slots=True)
class ConditionByInterval:
    """The two-way analysis of all conditions, and each pair of them."""

    num_seeds: int
    """Complete in every condition."""
    num_levels: int
    condition: WithinEffect | Undefined
    interval: WithinEffect | Undefined
    interaction: WithinEffect | Undefined
    comparisons: tuple[Comparison, ...]


def condition_by_interval(grids: Mapping[str, Grid]) -> ConditionByInterval | Undefined:
    """Two-way repeated-measures analysis over the seeds that all conditions share, and every pair of conditions.

    With orthonormal contrasts of conditions C_c and of levels C_k, a seed's values Y (num_conditions x num_levels) give
    the scores of the condition C_c Y 1 / sqrt(k), of the level 1' Y C_k' / sqrt(c), and of the interaction C_c Y C_k'.
    Each effect has its own error and epsilon. Assumes independent seeds and normal errors. Levels that some condition
    lacks and seeds with a gap are left out; each comparison names its own.

    Args:
        grids: By condition, each of shape (num_seeds, num_levels), gaps as NaN.

    Returns:
        The analysis; its omnibus effects are undefined where fewer than two seeds are complete in all conditions.

    Source: as R's car::Anova(idata) and pingouin.rm_anova with two factors.
    """
    if len(grids) < 2:
        return Undefined(f"{counted(len(grids), 'condition')}; a comparison needs at least 2")
    comparisons = [compare_conditions(grids[a], grids[b], names=(a, b)) for a, b in combinations(grids, 2)]
    cube = _complete_cube(grids)
    num_conditions, num_seeds, num_levels = cube.shape
    if num_seeds < 2 or num_levels < 2:
        is_or_are = "is" if num_seeds == 1 else "are"
        why = Undefined(
            f"{counted(num_seeds, 'seed')} {is_or_are} complete at {counted(num_levels, 'level')} in all "
            f"{num_conditions} conditions"
        )
        return ConditionByInterval(num_seeds, num_levels, why, why, why, _with_holm(comparisons))
    by_condition = np.stack([contrast_scores(cube[:, :, level].T) for level in range(num_levels)])
    # Sums over k levels or c conditions, divided by the root of their number, keep this many roundings.
    rounding = rounding_of(cube)
    over_levels, over_conditions = rounding * float(np.sqrt(num_levels)), rounding * float(np.sqrt(num_conditions))
    return ConditionByInterval(
        num_seeds=num_seeds,
        num_levels=num_levels,
        condition=within_effect(by_condition.sum(axis=0) / np.sqrt(num_levels), rounding=over_levels),
        interval=within_effect(contrast_scores(cube.sum(axis=0) / np.sqrt(num_conditions)), rounding=over_conditions),
        interaction=within_effect(_interaction_scores(by_condition), rounding=rounding),
        comparisons=_with_holm(comparisons),
    )


def compare_conditions(a: Grid, b: Grid, *, names: tuple[str, str]) -> Comparison:
    """Compare two conditions, paired by seed where two or more complete seeds are shared.

    Args:
        a: Shape (num_seeds, num_levels), gaps as NaN.
        b: The same of the other condition.
        names: Of a and b.
    """
    conditions = pair_conditions(a, b, names=names)
    values_a, values_b = conditions.a.values, conditions.b.values
    why = _why_incomparable(conditions)
    is_paired = conditions.pairing is Pairing.PAIRED
    interaction = _interaction(conditions) if why is None else why
    return Comparison(
        a=names[0],
        b=names[1],
        pairing=conditions.pairing,
        seeds_a=conditions.a.subjects,
        seeds_b=conditions.b.subjects,
        levels=conditions.a.levels,
        left_out=conditions.left_out,
        mean=why or difference_of(conditions, a=values_a.mean(axis=1), b=values_b.mean(axis=1)),
        minimum=why or difference_of(conditions, a=values_a.min(axis=1), b=values_b.min(axis=1)),
        final=why or difference_of(conditions, a=values_a[:, -1], b=values_b[:, -1]),
        interaction=interaction,
        interaction_sign_flip=why or _interaction_flip(conditions),
        by_level=why or differences_by_level(conditions),
        note=PAIRED_NOTE if is_paired else UNPAIRED_NOTE,
    )


def _why_incomparable(conditions: PairedConditions) -> Undefined | None:
    num_a, num_b, num_levels = conditions.a.num_subjects, conditions.b.num_subjects, conditions.a.num_levels
    if num_levels == 0:
        return Undefined("the conditions share no level")
    if min(num_a, num_b) < 2:
        return Undefined(f"{num_a} and {num_b} complete seeds; a comparison needs at least 2 of each condition")
    return None


def _interaction(conditions: PairedConditions) -> WithinEffect | Undefined:
    if conditions.a.num_levels < 2:
        return Undefined("1 level is shared; an interaction needs at least 2")
    a, b = conditions.a.values, conditions.b.values
    rounding = max(rounding_of(a), rounding_of(b))
    if conditions.pairing is Pairing.PAIRED:
        return within_effect(contrast_scores(b - a), rounding=rounding)
    return group_effect((contrast_scores(a), contrast_scores(b)), rounding=rounding)


def _interaction_flip(conditions: PairedConditions) -> SignFlip | Undefined:
    if conditions.pairing is Pairing.UNPAIRED:
        return Undefined("signs are flipped within seeds, which the conditions do not share")
    if conditions.a.num_levels < 2:
        return Undefined("1 level is shared; an interaction needs at least 2")
    a, b = conditions.a.values, conditions.b.values
    why = why_one_replicate(np.hstack([a, b]))
    return why or flip_scores(contrast_scores(b - a), rounding=max(rounding_of(a), rounding_of(b)))


def _complete_cube(grids: Mapping[str, Grid]) -> NDArray[np.float64]:
    """Values of shape (num_conditions, num_seeds, num_levels) over what all conditions share without a gap."""
    levels = shared_levels(grids.values())
    parts = [on_levels(grid, levels=levels) for grid in grids.values()]
    seeds = shared_seeds(parts)
    return np.stack([on_seeds(part, seeds=seeds).values for part in parts])


def _interaction_scores(by_condition: NDArray[np.float64]) -> NDArray[np.float64]:
    """Contrasts between levels of the contrasts between conditions, shape (num_seeds, (c - 1)(k - 1)).

    Args:
        by_condition: Contrast scores of the conditions at each level, shape (num_levels, num_seeds, c - 1).
    """
    return np.hstack([contrast_scores(by_condition[:, :, contrast].T) for contrast in range(by_condition.shape[2])])


def _with_holm(comparisons: list[Comparison]) -> tuple[Comparison, ...]:
    for measure in ("mean", "minimum", "final"):
        # Any: the field is known by name only.
        differences: list[Any] = [*with_holm([getattr(comparison, measure) for comparison in comparisons])]
        comparisons = [
            replace(comparison, **{measure: difference})
            for comparison, difference in zip(comparisons, differences, strict=True)
        ]
    return tuple(comparisons)
