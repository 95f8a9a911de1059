"""Look at the same data through other models: a mixed model and change points."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from analysis.excerpt import listed_words
from analysis.report.blocks import Block, Bullets
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import heading, sentence
from analysis.report.numbers import is_defined, number, p_text, why
from analysis.report.section import AbstractSection
from configs.counted import counted

__all__ = ["Sensitivity"]

PARTS = ("mixed_model", "change_points")


@final
class Sensitivity(AbstractSection):
    """Descriptions that carry no headline."""

    id = "sensitivity"
    title = "Through other models"

    def is_there(self, facts: ReportFacts) -> bool:
        """Whether some condition has one of them."""
        return any(is_defined(condition.main.get(part)) for condition in facts.conditions for part in PARTS)

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """One point for each model, for each condition."""
        return [
            block
            for condition in facts.conditions
            for block in (*heading(condition, facts=facts), Bullets(tuple(_points(condition))))
        ]


def _points(condition: Condition) -> list[str]:
    model, changes = (condition.main.get(part) for part in PARTS)
    return [
        _mixed(model, condition=condition)
        if is_defined(model)
        else condition.said(f"Mixed model: undefined ({why(model)})."),
        _changes(changes, condition=condition)
        if is_defined(changes)
        else condition.said(f"Change points: undefined ({why(changes)})."),
    ]


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _mixed(model: Mapping[str, Any], *, condition: Condition) -> str:
    parts = (
        f"Mixed model, {condition.said(model['formula'])}, {model['method']}: SD of the seeds "
        f"{number(model['seed_sd'])}, residual SD {number(model['residual_sd'])}"
    )
    if condition.is_only_described:
        return f"{parts}. No Wald test is shown of so few seeds."
    wald = f"Wald chi-squared({model['df']}) = {number(model['wald_chi2'], digits=1)}, p {p_text(model['p'])}"
    return f"{parts}; {wald}. {sentence(condition.said(model['note']))}"


def _changes(changes: Mapping[str, Any], *, condition: Condition) -> str:
    levels = changes["shared"]
    found = (
        f"new segments begin at {listed_words([condition.at(level) for level in levels])}"
        if levels
        else "one segment describes the mean trajectory best"
    )
    return (
        f"Change points of the {'mean ' if condition.num_subjects > 1 else ''}trajectory, {changes['model']} "
        f"({changes['criterion']}): {found}{_agreeing(changes)}. "
        f"{sentence(condition.said(changes['note']))}"
    )


def _agreeing(changes: Mapping[str, Any]) -> str:
    own = [row["levels"] for row in changes["per_seed"]]
    if len(own) < 2:
        return ""
    agreeing = sum(one == changes["shared"] for one in own)
    seeds = counted(len(own), "seed")
    return f"; {agreeing} of {seeds} alone {'has' if agreeing == 1 else 'have'} the same"
