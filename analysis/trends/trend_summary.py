"""The content of trends.json, and the sentences that the command prints."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.t_interval import MeanInterval
from analysis.trends.choice_tables import ALL_TASKS, TaskFinding
from analysis.trends.rules import TrendRule
from analysis.trends.text_tables import TextScaling
from analysis.trends.token_trends import DescentFound, Finding, TokenTrends
from analysis.undefined import Undefined

__all__ = ["ChoiceFacts", "TextFacts", "TrendFacts", "trend_sentences", "trend_summary"]


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What noised and written texts showed."""

    by_size: tuple[TextScaling, ...]
    empty_predictions: Mapping[str, int]
    """By mixture, predictions that had nothing above zero; empty where nothing was written."""


@dataclass(frozen=True, eq=False, slots=True)
class ChoiceFacts:
    """What multiple-choice items showed."""

    tasks: tuple[TaskFinding, ...]
    rows: pd.DataFrame
    """What `choice_table` gives."""
    num_items_left_out: int


@dataclass(frozen=True, eq=False, slots=True)
class TrendFacts:
    """Everything that a study of trends found."""

    trends: TokenTrends
    starts: tuple[float, ...]
    sizes: Mapping[str, int]
    """Parameters of each condition, smallest first."""
    texts: TextFacts | None
    """None where no text was scored."""
    choices: ChoiceFacts | None
    """None where nothing was asked."""


# Any: the tree of trends.json mixes numbers, sentences and lists.
def trend_summary(facts: TrendFacts, *, provenance: Mapping[str, object]) -> dict[str, Any]:
    """The tree of trends.json, for `statistics_to_json`.

    Args:
        facts: What was found.
        provenance: Hashes of models and tokens.
    """
    trends = facts.trends
    return {
        **provenance,
        "sizes": dict(facts.sizes),
        "classes": [_finding(one) for one in trends.findings],
        "double_descent": [_descent(one) for one in trends.descents],
        "between_conditions": {"at_equal_time": trends.at_equal_time, "at_equal_loss": trends.at_equal_loss},
        "texts": facts.texts or Undefined("no text was scored"),
        "choices": Undefined("nothing was asked")
        if facts.choices is None
        else {"tasks": facts.choices.tasks, "num_items_left_out": facts.choices.num_items_left_out},
    }


def trend_sentences(facts: TrendFacts) -> tuple[str, ...]:
    """What a reader should know first; classes by the paper's rule where it was asked for."""
    rules = [one.rule for one in facts.trends.findings]
    rule = TrendRule.PAPER_INDEX if TrendRule.PAPER_INDEX in rules else rules[0]
    return (
        *(sentence for condition in facts.sizes for sentence in _condition_sentences(facts, condition, rule=rule)),
        *_size_sentences(facts, rule=rule),
        *_text_sentences(facts),
        *_choice_sentences(facts),
    )


def _finding(one: Finding) -> dict[str, Any]:
    labels = one.labels
    return {
        "condition": one.condition,
        "rule": one.rule,
        "start_fraction": one.start_fraction,
        "window": labels
        if isinstance(labels, Undefined)
        else {
            "start_checkpoint": labels[0].window.start,
            "stagnation_start_checkpoint": labels[0].window.stagnation_start,
            "num_checkpoints": labels[0].window.num_points,
            "points": labels[0].window.points,
        },
        "classes": one.shares,
        "agreement_between_seeds": one.agreement,
        "replicated_over_seeds": one.replicated,
    }


def _descent(one: DescentFound) -> dict[str, Any]:
    return {
        "condition": one.condition,
        "start_fraction": one.start_fraction,
        "per_seed": [
            {
                "seed": seed,
                "against": found
                if isinstance(found, Undefined)
                else {
                    null.value: {"share_nominal": result.share_nominal, "share": np.mean(result.is_double_descent)}
                    for null, result in found.items()
                },
            }
            for seed, found in one.per_seed.items()
        ],
        "over_seeds": _replicated(one.over_seeds),
        "falls_then_rises_over_seeds": _replicated(one.mirrored),
    }


def _replicated(found: Any) -> Any:
    if isinstance(found, Undefined):
        return found
    return {
        "num_seeds": found.num_seeds,
        "share_nominal": found.share_nominal,
        "share": np.mean(found.is_double_descent),
    }


def _condition_sentences(facts: TrendFacts, condition: str, *, rule: TrendRule) -> Iterator[str]:
    start = facts.starts[0]
    finding = facts.trends.finding(condition, rule=rule, start_fraction=start)
    if isinstance(finding.shares, Undefined):
        yield f"{condition}: no class can be told after {start:.0%} of training: {finding.shares.reason}."
        return
    shares = {share.trend: share for share in finding.shares}
    told = ", ".join(f"{_share(shares[trend].over_seeds)} {trend}" for trend in ("stagnated", "upward", "downward"))
    chance = shares["upward"].null_share
    yield (
        f"{condition}: after {start:.0%} of training {told} ({rule.value}, n = {shares['upward'].over_seeds.n} seeds). "
        f"Without any direction {chance['permuted']:.1%} would be called upward, and {chance['phase-scrambled']:.1%} "
        "if trajectories are as smooth as these."
    )
    if not isinstance(finding.replicated, Undefined):
        yield (
            f"{condition}: over seeds {finding.replicated.share_falling:.1%} of tokens fall and "
            f"{finding.replicated.share_rising:.1%} rise at a false discovery rate of 5 %."
        )
    if not isinstance(finding.agreement, Undefined):
        yield f"{condition}: seeds agree on a token's class with kappa {_number(finding.agreement.fleiss_kappa)}."
    descent = next(one for one in facts.trends.descents if one.condition == condition)
    if not isinstance(descent.over_seeds, Undefined) and not isinstance(descent.mirrored, Undefined):
        yield (
            f"{condition}: {np.mean(descent.over_seeds.is_double_descent):.2%} of tokens rise and then fall over "
            f"seeds, {np.mean(descent.mirrored.is_double_descent):.2%} fall and then rise (false discovery rate 5 %)."
        )


def _size_sentences(facts: TrendFacts, *, rule: TrendRule) -> Iterator[str]:
    for one in facts.trends.at_equal_loss:
        if one.rule is not rule:
            continue
        if isinstance(one.agreement, Undefined):
            yield f"{one.a} and {one.b} cannot be compared at equal loss: {one.agreement.reason}."
        else:
            yield f"{one.a} and {one.b} at equal loss: kappa {_number(one.agreement.all_pairs)}, all pairs of seeds."


def _text_sentences(facts: TrendFacts) -> Iterator[str]:
    by_size = () if facts.texts is None else facts.texts.by_size
    for verdict in dict.fromkeys(text.verdict for text in by_size):
        names = [text.texts for text in by_size if text.verdict == verdict]
        yield f"Texts, {verdict}: {', '.join(names)}."


def _choice_sentences(facts: TrendFacts) -> Iterator[str]:
    if facts.choices is None:
        return
    rows = facts.choices.rows
    is_last = rows["interval"] == rows.groupby("condition")["interval"].transform("max")
    last = rows[(rows["task"] == ALL_TASKS) & is_last]
    for condition in facts.sizes:
        accuracy = last[last["condition"] == condition]["accuracy"]
        if len(accuracy):
            yield (
                f"{condition}: accuracy {accuracy.mean():.1%} on {int(last['num_items'].iloc[0])} two-shot items at "
                f"the last interval, mean over {len(accuracy)} seeds; chance is {last['chance'].iloc[0]:.1%}."
            )
    if facts.choices.num_items_left_out:
        yield f"{facts.choices.num_items_left_out} items that do not fit a window of the models are left out."
    every = next(task for task in facts.choices.tasks if task.task == ALL_TASKS)
    if not isinstance(every.with_loss, Undefined):
        interval = every.with_loss.interval
        yield f"Accuracy goes with loss at Spearman's rho {_interval(interval)}, over {interval.n} seeds."


def _share(interval: MeanInterval) -> str:
    if isinstance(interval.mean, Undefined):
        return interval.mean.reason
    if isinstance(interval.ci95_low, Undefined) or isinstance(interval.ci95_high, Undefined):
        return f"{interval.mean:.1%}"
    return f"{interval.mean:.1%} [{interval.ci95_low:.1%}, {interval.ci95_high:.1%}]"


def _interval(interval: MeanInterval) -> str:
    if isinstance(interval.mean, Undefined):
        return interval.mean.reason
    if isinstance(interval.ci95_low, Undefined) or isinstance(interval.ci95_high, Undefined):
        return f"{interval.mean:.2f}"
    return f"{interval.mean:.2f} [{interval.ci95_low:.2f}, {interval.ci95_high:.2f}]"


def _number(value: float | Undefined) -> str:
    return f"undefined ({value.reason})" if isinstance(value, Undefined) else f"{value:.2f}"
