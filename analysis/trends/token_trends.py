"""All that is told of the trajectories of single tokens, condition by condition."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from analysis.trends.agreement import CrossAgreement, SeedAgreement, cross_agreement, seed_agreement
from analysis.trends.between_sizes import Comparison, compare_at_equal_loss
from analysis.trends.classify import TrendLabels, classify
from analysis.trends.double_descent import ReplicatedRises, RiseThenFall, replicated_rises, rise_then_fall
from analysis.trends.nulls import NullModel, null_shares
from analysis.trends.replicated import ReplicatedTrends, replicated_trends
from analysis.trends.rules import TrendRule, trend_window
from analysis.trends.shares import ClassShare, share_summary
from analysis.trends.trajectories import TokenTrajectories
from analysis.undefined import Undefined

__all__ = [
    "DEFAULT_STARTS",
    "DescentFound",
    "Finding",
    "TimeAgreement",
    "TokenTrends",
    "find_token_trends",
]

DEFAULT_STARTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)  # Xia et al. 2023, section 3.1
NULL_SEED = 20_221_219  # Any fixed number would do; changing it moves null shares within their standard error.


@dataclass(frozen=True, eq=False, slots=True)
class Finding:
    """One rule from one start in one condition."""

    condition: str
    rule: TrendRule
    start_fraction: float
    labels: tuple[TrendLabels, ...] | Undefined
    """One for each seed."""
    shares: tuple[ClassShare, ...] | Undefined
    agreement: SeedAgreement | Undefined
    """Between seeds."""
    replicated: ReplicatedTrends | Undefined

    @property
    def classes(self) -> NDArray[np.int8] | Undefined:
        """Codes of `TrendClass`, shape (num_seeds, num_tokens)."""
        if isinstance(self.labels, Undefined):
            return self.labels
        return np.stack([one.classes for one in self.labels])


@dataclass(frozen=True, eq=False, slots=True)
class DescentFound:
    """Tokens whose loss rises and then falls, in one condition."""

    condition: str
    start_fraction: float
    per_seed: Mapping[int, Mapping[NullModel, RiseThenFall] | Undefined]
    """By seed, against each null."""
    over_seeds: ReplicatedRises | Undefined
    mirrored: ReplicatedRises | Undefined
    """The same test of tokens that fall and then rise: as many of them by chance."""


@dataclass(frozen=True, slots=True)
class TimeAgreement:
    """Two conditions, each over its own training."""

    a: str
    b: str
    rule: TrendRule
    start_fraction: float
    agreement: CrossAgreement


@dataclass(frozen=True, eq=False, slots=True)
class TokenTrends:
    """Everything found."""

    findings: tuple[Finding, ...]
    descents: tuple[DescentFound, ...]
    at_equal_time: tuple[TimeAgreement, ...]
    at_equal_loss: tuple[Comparison, ...]

    def finding(self, condition: str, *, rule: TrendRule, start_fraction: float) -> Finding:
        """The one of these three."""
        return next(
            one
            for one in self.findings
            if (one.condition, one.rule, one.start_fraction) == (condition, rule, start_fraction)
        )


def find_token_trends(
    conditions: Sequence[TokenTrajectories],
    *,
    rules: Sequence[TrendRule] = tuple(TrendRule),
    starts: Sequence[float] = DEFAULT_STARTS,
) -> TokenTrends:
    """Classify every token of every run, and compare with chance, between seeds and between conditions.

    Double descent and equal losses are told from the first of `starts`.

    Args:
        conditions: All on the same tokens.
        rules: At least one.
        starts: Shares of training, at least one.
    """
    findings = tuple(_find(one, rule=rule, start=start) for one, rule, start in product(conditions, rules, starts))
    return TokenTrends(
        findings=findings,
        descents=tuple(_find_descent(one, start=starts[0]) for one in conditions),
        at_equal_time=tuple(_at_equal_time(conditions, findings=findings)),
        at_equal_loss=tuple(
            _at_equal_loss(a, b, rule=rule, start=starts[0])
            for a, b in combinations(conditions, 2)
            for rule in rules
            if rule is not TrendRule.CODE_LOGSTEP
        ),
    )


def _find(one: TokenTrajectories, *, rule: TrendRule, start: float) -> Finding:
    window = trend_window(one.steps, rule=rule, start_fraction=start)
    if isinstance(window, Undefined):
        return Finding(one.condition, rule, start, window, window, window, window)
    labels = tuple(classify(losses, window=window) for losses in one.losses)
    rng = np.random.default_rng(NULL_SEED)
    nulls = [[null_shares(losses, window=window, null=null, rng=rng) for null in NullModel] for losses in one.losses]
    return Finding(
        condition=one.condition,
        rule=rule,
        start_fraction=start,
        labels=labels,
        shares=share_summary(labels, nulls=nulls),
        agreement=seed_agreement(np.stack([label.classes for label in labels])),
        replicated=replicated_trends(labels),
    )


def _find_descent(one: TokenTrajectories, *, start: float) -> DescentFound:
    window = trend_window(one.steps, rule=TrendRule.LOSS_INDEX, start_fraction=start)
    if isinstance(window, Undefined):
        return DescentFound(one.condition, start, dict.fromkeys(one.seeds, window), window, window)
    inside = one.losses[:, :, window.start :]
    rng = np.random.default_rng(NULL_SEED)
    return DescentFound(
        condition=one.condition,
        start_fraction=start,
        per_seed={seed: rise_then_fall(losses, rng=rng) for seed, losses in zip(one.seeds, inside, strict=True)},
        over_seeds=replicated_rises(inside),
        mirrored=replicated_rises(-inside),
    )


def _at_equal_time(conditions: Sequence[TokenTrajectories], *, findings: Sequence[Finding]) -> Iterator[TimeAgreement]:
    seeds = {one.condition: one.seeds for one in conditions}
    for one, other in combinations(findings, 2):
        is_pair = one.condition != other.condition and (one.rule, one.start_fraction) == (
            other.rule,
            other.start_fraction,
        )
        if is_pair and not isinstance(one.classes, Undefined) and not isinstance(other.classes, Undefined):
            agreement = cross_agreement(
                one.classes, other.classes, seeds=seeds[one.condition], other_seeds=seeds[other.condition]
            )
            yield TimeAgreement(one.condition, other.condition, one.rule, one.start_fraction, agreement)


def _at_equal_loss(a: TokenTrajectories, b: TokenTrajectories, *, rule: TrendRule, start: float) -> Comparison:
    window = trend_window(a.steps, rule=rule, start_fraction=start)
    if isinstance(window, Undefined):
        return Comparison(a.condition, b.condition, rule, window, window)
    return compare_at_equal_loss(a, b, rule=rule, start=window.start)
