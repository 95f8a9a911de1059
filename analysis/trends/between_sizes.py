"""Whether two conditions, such as two sizes, put the same token into the same class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.trends.agreement import CrossAgreement, cross_agreement
from analysis.trends.classify import classify
from analysis.trends.matching import SharedLevels, at_levels, shared_levels
from analysis.trends.rules import TrendRule, TrendWindow
from analysis.trends.trajectories import TokenTrajectories
from analysis.undefined import Undefined

__all__ = ["Comparison", "compare_at_equal_loss"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Classes of the same tokens in two conditions, told between the same two losses."""

    a: str
    b: str
    rule: TrendRule
    levels: SharedLevels | Undefined
    agreement: CrossAgreement | Undefined


def compare_at_equal_loss(a: TokenTrajectories, b: TokenTrajectories, *, rule: TrendRule, start: int) -> Comparison:
    """Class of every token over mean loss instead of over time.

    Each run's token losses are read off where its mean loss over the probed tokens first reaches each of a few evenly
    spaced levels, which all runs of both conditions pass, from the loss of `a` at `start` downwards. The classes then
    come from `rule` over the index of the level.

    Args:
        a: One condition.
        b: The other; same tokens.
        rule: Of index; ln(step) has no meaning over losses.
        start: Index of the checkpoint of `a` from which its trend is told.

    Raises:
        ValueError: If the rule is over steps.
    """
    if rule is TrendRule.CODE_LOGSTEP:
        raise ValueError(f"{rule} is a rule over steps; over equal losses there are none")
    trajectories = [losses for one in (a, b) for losses in one.mean_losses[:, one.first_trained :]]
    levels = shared_levels(trajectories, start_loss=float(a.mean_losses[:, start].mean()))
    if isinstance(levels, Undefined):
        return Comparison(a.condition, b.condition, rule, levels, levels)
    classes = [_classes(one, rule=rule, levels=levels.losses) for one in (a, b)]
    agreement = cross_agreement(classes[0], classes[1], seeds=a.seeds, other_seeds=b.seeds)
    return Comparison(a.condition, b.condition, rule, levels, agreement)


def _classes(one: TokenTrajectories, *, rule: TrendRule, levels: NDArray[np.float64]) -> NDArray[np.int8]:
    window = TrendWindow(
        rule=rule, start_fraction=0.0, start=0, stagnation_start=0, points=np.arange(len(levels), dtype=np.float64)
    )
    first = one.first_trained
    rows = [
        at_levels(seed[:, first:], losses=losses[first:], tokens=one.tokens[first:], levels=levels)
        for seed, losses in zip(one.losses, one.mean_losses, strict=True)
    ]
    return np.stack([classify(row, window=window).classes for row in rows])
