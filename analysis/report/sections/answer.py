"""Give the answer in three sentences, and the line that a paper prints."""

from collections.abc import Sequence
from typing import Any, final

import numpy as np

from analysis.report.blocks import Block, Code, Heading, Paragraph
from analysis.report.facts import Condition, ReportFacts
from analysis.report.numbers import amount, interval_text, is_defined, number, p_text, quantity, why
from analysis.report.section import AbstractSection

__all__ = ["Answer", "answer_sentences"]


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
            blocks.append(Paragraph(" ".join(answer_sentences(condition))))
            blocks.append(_apa(condition))
        return blocks


def answer_sentences(condition: Condition) -> tuple[str, ...]:
    """Three sentences on the main metric: its lowest mean, how it ends, how far the seeds lie apart."""
    result = condition.main
    summaries = result["summaries"]
    if not is_defined(summaries):
        return (f"{condition.main_metric} has no summary: {why(summaries)}.",)
    return (_lowest(condition), _ending(condition), _alike(condition))


def _lowest(condition: Condition) -> str:
    lowest = condition.main["summaries"]["lowest_mean"]
    row = next(row for row in condition.main["descriptive"] if row["level"] == lowest["level"])
    tokens = condition.tokens.get(lowest["level"])
    place = f" ({amount(tokens)} tokens)" if tokens is not None else ""
    return (
        f"Mean {condition.main_metric} is lowest at {condition.within} {lowest['level']}{place}: "
        f"{quantity(lowest['mean'], metric=condition.main_metric)} (95 % t interval "
        f"{interval_text(row['ci95_low'], row['ci95_high'])}, n = {row['n']})."
    )


def _ending(condition: Condition) -> str:
    rise = condition.main["summaries"]["final_minus_minimum"]
    if condition.main["num_levels"] == 1:
        return f"There is one {condition.within}, so nothing can be said of a trajectory."
    if rise["num_positive"] == 0:
        return (
            f"Every seed is lowest at the last {condition.within} (n = {rise['num_seeds']}), so the minimum may lie "
            "beyond what was measured."
        )
    interval = rise["interval"]
    return (
        f"The runs end {quantity(interval['mean'], metric=condition.main_metric)} above their own minimum (95 % t "
        f"interval {interval_text(interval['ci95_low'], interval['ci95_high'])}, n = {interval['n']}; "
        f"{rise['num_positive']} of {rise['num_seeds']} seeds end above it), a difference that lies high, because a "
        "minimum among noisy values lies low."
    )


def _alike(condition: Condition) -> str:
    final = condition.main["descriptive"][-1]
    if not is_defined(final["sd"]):
        return f"How alike the seeds are cannot be said: {why(final['sd'])}."
    means = [row["mean"] for row in condition.main["descriptive"] if isinstance(row["mean"], float)]
    span = float(np.ptp(means))
    share = f", {_share(final['sd'], span)} of the range of the mean trajectory" if span > 0 else ""
    return (
        f"At the end the seeds lie {quantity(final['sd'], metric=condition.main_metric)} apart (SD over n = "
        f"{final['n']} seeds){share}; the levels differ beyond that by the exact sign-flip test, p "
        f"{_flip(condition.main['sign_flip'])}."
        if _differs(condition)
        else f"At the end the seeds lie {quantity(final['sd'], metric=condition.main_metric)} apart (SD over n = "
        f"{final['n']} seeds){share}; that the levels differ is not shown by the sign-flip test, p "
        f"{_flip(condition.main['sign_flip'])}."
    )


def _differs(condition: Condition) -> bool:
    flip = condition.main["sign_flip"]
    return is_defined(flip) and flip["p"] < 0.05


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _flip(flip: Any) -> str:
    return p_text(flip) if not is_defined(flip) else f"{p_text(flip['p'])} (floor {number(flip['p_floor'])})"


def _share(part: float, whole: float) -> str:
    share = 100 * part / whole
    return f"{share:.1f} %" if share >= 0.05 else "less than 0.1 %"


def _apa(condition: Condition) -> Block:
    line = condition.main["apa"]
    if not is_defined(line):
        return Paragraph(f"There is no F on {condition.main_metric}: {why(line)}.")
    return Code(f"{condition.main_metric}: {line}")
