"""Give the answer in three sentences, and the line that a paper prints."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from analysis.flat_metric import is_flat_metric
from analysis.report.blocks import Block, Code, Heading, Note, Paragraph
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import column_title, sentence
from analysis.report.numbers import amount, floor_text, interval_text, is_defined, number, p_text, quantity, why
from analysis.report.section import AbstractSection
from configs.counted import counted
from configs.repetition import NUM_PASSES_NEARLY_FREE

__all__ = ["Answer", "answer_sentences"]

ALPHA = 0.05


@final
class Answer(AbstractSection):
    """Where the mean is lowest, how the runs end, how alike the seeds are."""

    id = "answer"
    title = "The answer"

    def is_there(self, facts: ReportFacts) -> bool:
        """Always."""
        return True

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """Three sentences and the APA line, for each condition."""
        blocks: list[Block] = []
        for condition in facts.conditions:
            if len(facts.conditions) > 1:
                blocks.append(Heading(condition.name))
            blocks += [*_so_far(condition), Paragraph(" ".join(answer_sentences(condition))), *_few(condition)]
            blocks.append(_apa(condition))
        return [*blocks, *(Note(caveat) for caveat in _caveats(facts))]


def _so_far(condition: Condition) -> list[Block]:
    """Of a run that was stopped: up to where everything below goes."""
    if condition.stopped_at is None:
        return []
    return [
        Note(
            f"So far: the runs were to go on, and what follows goes up to {condition.at(condition.stopped_at)}. Last, "
            f"final and end stand for that {condition.level_noun}."
        )
    ]


def _few(condition: Condition) -> list[Block]:
    if not condition.is_only_described or condition.num_subjects < 2:
        return []
    return [
        Note(
            f"{counted(condition.num_subjects, 'seed')} can only be described: nothing "
            "is inferred here, and no p is shown. statistics.json keeps the numbers."
        )
    ]


def _caveats(facts: ReportFacts) -> list[str]:
    """What changes the reading of the answer; the rest stands under the limits."""
    passes = {} if facts.manifest is None else facts.manifest["passes"]
    return [
        f"{f'{name}: ' if len(passes) > 1 else ''}{number_of:.3g} passes over the same text. Beyond about "
        f"{NUM_PASSES_NEARLY_FREE} passes repetition costs (Muennighoff et al. 2023): a rising validation loss may be "
        "memorisation, not an effect of the token budget."
        for name, number_of in passes.items()
        if number_of > NUM_PASSES_NEARLY_FREE
    ]


def answer_sentences(condition: Condition) -> tuple[str, ...]:
    """Three sentences on the main metric: its lowest mean, how it ends, how far the seeds lie apart."""
    result = condition.main
    summaries = result["summaries"]
    if not is_defined(summaries):
        return (f"{condition.main_metric} has no summary: {condition.said(why(summaries))}.",)
    if is_flat_metric(result):
        return (_no_change(condition), _alike(condition))
    return (_lowest(condition), _ending(condition), _alike(condition))


def _no_change(condition: Condition) -> str:
    mean = quantity(condition.main["summaries"]["lowest_mean"]["mean"], metric=condition.main_metric)
    average = " on average" if condition.num_subjects > 1 else ""
    return sentence(
        f"{column_title(condition.main_metric)} does not change from {condition.level_noun} to {condition.level_noun}: "
        f"{mean}{average} (n = {condition.num_subjects}), and there is nothing to test"
    )


def _lowest(condition: Condition) -> str:
    lowest = condition.main["summaries"]["lowest_mean"]
    row = next(row for row in condition.main["descriptive"] if row["level"] == lowest["level"])
    tokens = condition.tokens.get(lowest["level"])
    place = f" ({amount(tokens)} tokens)" if tokens is not None else ""
    title = f"{'Mean ' if row['n'] > 1 else ''}{column_title(condition.main_metric)}"
    value = f"{quantity(lowest['mean'], metric=condition.main_metric)} ({_interval(row)}n = {row['n']})"
    if condition.main["num_levels"] == 1:
        return sentence(f"{title} at the only {condition.level_noun}, {lowest['level']}{place}, is {value}")
    return sentence(f"{title} is lowest at {condition.at(lowest['level'])}{place}: {value}")


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _interval(row: Mapping[str, Any], *, least: float = -math.inf) -> str:
    """The t interval with its name, or nothing where one seed has none; cut at the least value that a seed can have."""
    if not is_defined(row["ci95_low"]):
        return ""
    if row["sd"] == 0:
        return "the same for every seed, "
    return f"95 % t interval {interval_text(max(row['ci95_low'], least), row['ci95_high'])}, "


def _ending(condition: Condition) -> str:
    summaries = condition.main["summaries"]
    rise = summaries["final_minus_minimum"]
    if condition.main["num_levels"] == 1:
        return f"There is one {condition.level_noun}, so nothing can be said of a trajectory."
    if rise["num_positive"] == 0:
        return _falling(condition)
    interval = rise["interval"]
    ends = "ends" if rise["num_positive"] == 1 else "end"
    return (
        f"The runs end {quantity(interval['mean'], metric=condition.main_metric)} above their own minimum on average "
        f"({_interval(interval, least=0.0)}n = {interval['n']}; {rise['num_positive']} of "
        f"{counted(rise['num_seeds'], 'seed')} {ends} above it){_noise_alone(condition)}."
    )


def _falling(condition: Condition) -> str:
    """No seed ends above its minimum; one that ties with an earlier level is not lowest at the end alone."""
    summaries = condition.main["summaries"]
    num_seeds = summaries["final_minus_minimum"]["num_seeds"]
    if any(row["level"] != summaries["final_level"] for row in summaries["minimum"]):
        earlier = f"at an earlier {condition.level_noun}"
        return f"No seed ends above its minimum, and some have it {earlier}, too (n = {num_seeds})."
    whose = "Every seed" if num_seeds > 1 else "The one seed"
    last = condition.stopped_at
    place = f"the last {condition.level_noun}" if last is None else f"{condition.at(last)}, the last so far"
    return f"{whose} is lowest at {place} (n = {num_seeds}), so the minimum may lie beyond what was measured."


def _noise_alone(condition: Condition) -> str:
    """A minimum among noisy values lies low, so that a rise from it is no evidence by being above zero."""
    noise = condition.main["summaries"].get("noise_only_rise")
    if not is_defined(noise):
        return ", a difference that lies high, because a minimum among noisy values lies low"
    return f"; a flat trajectory with the same noise would end {number(noise['value'])} above its own"


def _alike(condition: Condition) -> str:
    last = condition.main["descriptive"][-1]
    if not is_defined(last["sd"]):
        return f"How alike the seeds are cannot be said: {why(last['sd'])}."
    means = [row["mean"] for row in condition.main["descriptive"] if isinstance(row["mean"], float)]
    span = float(np.ptp(means))
    share = f", {_share(last['sd'], span)} of the range that the mean covers" if span > 0 else ""
    where = "At the end" if condition.main["num_levels"] > 1 else "There"
    return (
        f"{where} the seeds lie {quantity(last['sd'], metric=condition.main_metric)} apart (SD, "
        f"n = {last['n']}){share}{_omnibus(condition)}."
    )


def _omnibus(condition: Condition) -> str:
    """Whether the levels differ, by the declared headline; the exact test beside it."""
    anova, flip = condition.main["rm_anova"], condition.main["sign_flip"]
    if not is_defined(anova) or condition.is_only_described:
        return ""
    exact = f"; sign-flip p {p_text(flip['p'])}, its floor {floor_text(flip['p_floor'])}" if is_defined(flip) else ""
    p = anova["p"][anova["headline"]]
    said = f"(p {anova['headline'].upper()} {p_text(p)}{exact})"
    if p < ALPHA:
        return f"; the {condition.level_noun}s differ by more than the seeds' disagreement explains {said}"
    return f"; that the {condition.level_noun}s differ by more than the seeds' disagreement is not shown {said}"


def _share(part: float, whole: float) -> str:
    share = 100 * part / whole
    if share > 100:
        return "more than the whole"
    return f"{share:.1f} %" if share >= 0.05 else "less than 0.1 %"


def _apa(condition: Condition) -> Block:
    line = condition.main["apa"]
    if not is_defined(line):
        return Paragraph(f"There is no F on {condition.main_metric}: {condition.said(why(line))}.")
    return Code(f"{condition.main_metric}: {line}")
