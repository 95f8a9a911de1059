"""Say what a convergence study found: the curve with its intervals, the phases, and seeds that stand apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.probes.convergence_estimates import ConvergenceEstimate, DivergenceGroup, StoryResamples
from analysis.probes.phases import (
    MARGIN_NATS,
    ConvergenceCurve,
    Phase,
    PhaseRange,
    detect_phases,
    phase_ranges,
)
from analysis.probes.token_classes import every_context
from analysis.t_interval import t_critical
from analysis.undefined import Undefined

__all__ = ["ConditionConvergence", "convergence_summary", "summarize_condition"]

_NUM_STORY_REPEATS = 200
_APART_RATIO = 1.5
"""A seed stands apart where its mean KL to the others exceeds the median of theirs by this factor; our choice."""


@dataclass(frozen=True, eq=False, slots=True)
class ConditionConvergence:
    """What one condition showed over all its contexts."""

    condition: str
    groups: tuple[DivergenceGroup, ...]
    estimates: tuple[ConvergenceEstimate, ...]
    phases: tuple[Phase, ...]
    ranges_over_seeds: tuple[PhaseRange, ...]
    ranges_over_stories: tuple[PhaseRange, ...]

    def step(self, interval: int) -> int:
        """The step of an interval by its index in the curve."""
        return self.groups[interval].step


def summarize_condition(
    groups: Sequence[DivergenceGroup],
    *,
    estimates: Sequence[ConvergenceEstimate],
    resamples: StoryResamples,
    num_types: int,
) -> ConditionConvergence:
    """Detect the phases of one condition, and how sure their borders are.

    Args:
        groups: By interval.
        estimates: Of all contexts, one for each group.
        resamples: How stories are drawn.
        num_types: Token types of the distributions.
    """
    curve = ConvergenceCurve(
        convergence_nats=np.array([estimate.convergence_nats for estimate in estimates]),
        without_seed_nats=np.stack([estimate.without_seed_nats for estimate in estimates], axis=1),
        kl_to_uniform_nats=np.array([estimate.kl_to_uniform_nats for estimate in estimates]),
        log_num_types=float(np.log(num_types)),
    )
    phases = detect_phases(curve)
    num_intervals = len(groups)
    return ConditionConvergence(
        condition=groups[0].condition,
        groups=tuple(groups),
        estimates=tuple(estimates),
        phases=phases,
        ranges_over_seeds=phase_ranges(phases, repeats=_without_seeds(curve), num_intervals=num_intervals),
        ranges_over_stories=phase_ranges(
            phases, repeats=_with_stories_drawn_again(curve, groups, resamples), num_intervals=num_intervals
        ),
    )


def convergence_summary(conditions: Sequence[ConditionConvergence]) -> dict[str, Any]:
    """The tree that becomes convergence.json."""
    return {
        "schema_version": 1,
        "phase_rule": {
            "margin_nats": MARGIN_NATS,
            "standard_errors": 2,
            "range": "borders with one seed left out, and with stories drawn again; widened by one checkpoint",
        },
        "conditions": {one.condition: _condition_tree(one) for one in conditions},
    }


def _condition_tree(one: ConditionConvergence) -> dict[str, Any]:
    return {
        "num_seeds": one.groups[0].num_seeds,
        "curve": [_point(group, estimate) for group, estimate in zip(one.groups, one.estimates, strict=True)],
        "phases": [
            {
                "name": phase.name,
                "from_step": one.step(phase.start),
                "to_step": one.step(phase.end),
                "change_nats": phase.change_nats,
                "change_se": phase.change_se,
                "over_seeds": _range_tree(over_seeds, one, no_repeat="leaving one seed out needs three seeds"),
                "over_stories": _range_tree(over_stories, one, no_repeat="drawing stories again needs two stories"),
            }
            for phase, over_seeds, over_stories in zip(
                one.phases, one.ranges_over_seeds, one.ranges_over_stories, strict=True
            )
        ],
        "seeds_apart": _seeds_apart(one.groups[-1]),
    }


def _point(group: DivergenceGroup, estimate: ConvergenceEstimate) -> dict[str, Any]:
    half_width: float | Undefined = Undefined("an interval over seeds needs at least three of them")
    if group.num_seeds > 2:
        half_width = t_critical(group.num_seeds - 1) * estimate.jackknife_se
    return {
        "interval": group.interval,
        "step": group.step,
        "convergence_nats": estimate.convergence_nats,
        "ci95_half_width": half_width,
    }


def _range_tree(one: PhaseRange, condition: ConditionConvergence, *, no_repeat: str) -> dict[str, Any]:
    never = Undefined("the phase was not found in any repeat" if one.num_repeats else no_repeat)
    return {
        "num_found": one.num_found,
        "num_repeats": one.num_repeats,
        "start_steps": never if one.start is None else [condition.step(index) for index in one.start],
        "end_steps": never if one.end is None else [condition.step(index) for index in one.end],
    }


def _without_seeds(curve: ConvergenceCurve) -> list[tuple[Phase, ...]]:
    """Phases with each seed left out; none with fewer than three seeds, whose remainder is no pair."""
    num_seeds = len(curve.without_seed_nats)
    if num_seeds < 3:
        return []
    return [_detect_in(values, curve) for values in curve.without_seed_nats]


def _with_stories_drawn_again(
    curve: ConvergenceCurve, groups: Sequence[DivergenceGroup], resamples: StoryResamples
) -> list[tuple[Phase, ...]]:
    if resamples.num_stories < 2:
        return []
    everything = every_context(len(resamples.stories)).members
    means = np.stack(
        [
            resamples.means(group.arrays["divergence_nats"], members=everything)[:_NUM_STORY_REPEATS]  # type: ignore[arg-type]
            for group in groups
        ]
    )
    return [_detect_in(-resampled, curve) for resampled in means.T]


def _detect_in(values: NDArray[np.float64], curve: ConvergenceCurve) -> tuple[Phase, ...]:
    """Phases of a repeat; the change must exceed the standard error that the whole curve has."""
    return detect_phases(
        ConvergenceCurve(values, curve.without_seed_nats, curve.kl_to_uniform_nats, curve.log_num_types)
    )


def _seeds_apart(group: DivergenceGroup) -> list[dict[str, Any]]:
    """Seeds whose mean KL to all others is far above the median of theirs, at the last interval."""
    pair = np.asarray(group.arrays["pair_nats"], dtype=np.float64)
    if group.num_seeds < 4:
        return []
    to_others = (pair + pair.T).sum(1) / (2 * (group.num_seeds - 1))
    medians = [float(np.median(np.delete(to_others, index))) for index in range(group.num_seeds)]
    return [
        {"seed": int(seed), "mean_kl_nats": float(value), "median_of_others_nats": median}
        for seed, value, median in zip(group.arrays["seeds"], to_others, medians, strict=True)
        if value > _APART_RATIO * median
    ]
