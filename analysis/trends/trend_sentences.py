"""Say in sentences what a study of trends found."""

from collections.abc import Iterator

import numpy as np

from analysis.percent import percent
from analysis.t_interval import MeanInterval
from analysis.trends.choice_tables import ALL_TASKS
from analysis.trends.double_descent import ReplicatedRises
from analysis.trends.rules import TrendRule
from analysis.trends.text_tables import BETTER, NO_DIRECTION, WORSE
from analysis.trends.trend_summary import TrendFacts
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["trend_sentences"]

_OPENINGS = {
    BETTER: "Larger models predict these texts better",
    WORSE: "Larger models predict these texts worse",
    NO_DIRECTION: "Of these texts size shows no direction beyond the spread of seeds",
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


def _condition_sentences(facts: TrendFacts, condition: str, *, rule: TrendRule) -> Iterator[str]:
    start = facts.starts[0]
    finding = facts.trends.finding(condition, rule=rule, start_fraction=start)
    if isinstance(finding.shares, Undefined):
        yield f"{condition}: no class can be told after {percent(start)} of training: {finding.shares.reason}."
        return
    shares = {share.trend: share for share in finding.shares}
    told = ", ".join(f"{_share(shares[trend].over_seeds)} {trend}" for trend in ("stagnated", "upward", "downward"))
    chance = shares["upward"].null_share
    yield (
        f"{condition}: after {percent(start)} of training {told} ({rule.value}, n = {shares['upward'].over_seeds.n}). "
        f"Without any direction {percent(chance['permuted'], digits=1)} would be called upward, and "
        f"{percent(chance['phase-scrambled'], digits=1)} if trajectories are as smooth as these."
    )
    if not isinstance(finding.replicated, Undefined):
        yield (
            f"{condition}: over seeds {percent(finding.replicated.share_falling, digits=1)} of tokens fall and "
            f"{percent(finding.replicated.share_rising, digits=1)} rise at a false discovery rate of 5 %."
        )
    if not isinstance(finding.agreement, Undefined):
        yield f"{condition}: seeds agree on a token's class with kappa {_number(finding.agreement.fleiss_kappa)}."
    descent = next(one for one in facts.trends.descents if one.condition == condition)
    if not isinstance(descent.over_seeds, Undefined) and not isinstance(descent.mirrored, Undefined):
        yield (
            f"{condition}: {_share_of(descent.over_seeds)} of tokens rise and then fall over seeds, "
            f"{_share_of(descent.mirrored)} fall and then rise, at a false discovery rate of 5 %."
        )


def _size_sentences(facts: TrendFacts, *, rule: TrendRule) -> Iterator[str]:
    if len(set(facts.sizes.values())) == 1:
        yield (
            "With one size of model nothing can be said of size: neither what larger models predict better nor whether "
            "they answer more."
        )
    for one in facts.trends.at_equal_loss:
        if one.rule is not rule:
            continue
        if isinstance(one.agreement, Undefined):
            yield f"{one.a} and {one.b} cannot be compared at equal loss: {one.agreement.reason}."
        else:
            yield f"{one.a} and {one.b} at equal loss: kappa {_number(one.agreement.all_pairs)}, all pairs of seeds."


def _text_sentences(facts: TrendFacts) -> Iterator[str]:
    by_size = () if facts.texts is None or len(set(facts.sizes.values())) == 1 else facts.texts.by_size
    for verdict in dict.fromkeys(text.verdict for text in by_size):
        names = ", ".join(text.texts for text in by_size if text.verdict == verdict)
        opening = _OPENINGS.get(verdict, f"Of these texts nothing can be said about size ({verdict})")
        yield f"{opening}: {names}."


def _choice_sentences(facts: TrendFacts) -> Iterator[str]:
    if facts.choices is None:
        return
    rows = facts.choices.rows
    is_last = rows["interval"] == rows.groupby("condition")["interval"].transform("max")
    last = rows[(rows["task"] == ALL_TASKS) & is_last]
    for condition in facts.sizes:
        accuracy = last[last["condition"] == condition]["accuracy"]
        if len(accuracy):
            seeds = "1 seed" if len(accuracy) == 1 else f"mean over {len(accuracy)} seeds"
            yield (
                f"{condition}: accuracy {percent(accuracy.mean(), digits=1)} on "
                f"{counted(int(last['num_items'].iloc[0]), 'two-shot item')} at the last interval, {seeds}; chance is "
                f"{percent(last['chance'].iloc[0], digits=1)}."
            )
    if facts.choices.num_items_left_out:
        yield f"Items left out, since they do not fit a window of the models: {facts.choices.num_items_left_out}."
    every = next(task for task in facts.choices.tasks if task.task == ALL_TASKS)
    if not isinstance(every.with_loss, Undefined):
        yield _correlation_sentence(every.with_loss.interval)


def _correlation_sentence(interval: MeanInterval) -> str:
    if isinstance(interval.mean, Undefined):
        return f"Whether accuracy goes with loss cannot be said: {interval.mean.reason}."
    told = f"{interval.mean:z.2f}"
    if not isinstance(interval.ci95_low, Undefined) and not isinstance(interval.ci95_high, Undefined):
        told += f" [{interval.ci95_low:z.2f}, {interval.ci95_high:z.2f}]"
    return f"Accuracy goes with loss at Spearman's rho {told}, over {counted(interval.n, 'seed')}."


def _share(interval: MeanInterval) -> str:
    if isinstance(interval.mean, Undefined):
        return interval.mean.reason
    mean = percent(interval.mean, digits=1)
    if isinstance(interval.ci95_low, Undefined) or isinstance(interval.ci95_high, Undefined):
        return mean
    # No share is below 0 or above 1, so that the interval of their mean ends there.
    low, high = max(interval.ci95_low, 0.0), min(interval.ci95_high, 1.0)
    return f"{mean} [{100 * low:z.1f}, {100 * high:z.1f}]"


def _share_of(found: ReplicatedRises) -> str:
    return percent(float(np.mean(found.is_double_descent)), digits=1)


def _number(value: float | Undefined) -> str:
    return f"undefined ({value.reason})" if isinstance(value, Undefined) else f"{value:z.2f}"
