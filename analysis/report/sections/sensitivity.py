"""Look at the same data through other models: a mixed model and change points."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from analysis.report.blocks import Block, Bullets
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import heading, sentence
from analysis.report.numbers import is_defined, number, p_text, why
from analysis.report.section import AbstractSection

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
        _mixed(model) if is_defined(model) else f"Mixed model: undefined ({why(model)}).",
        _changes(changes, condition=condition)
        if is_defined(changes)
        else f"Change points: undefined ({why(changes)}).",
    ]


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _mixed(model: Mapping[str, Any]) -> str:
    return (
        f"Mixed model, {model['formula']}, {model['method']}: SD of the seeds {number(model['seed_sd'])}, residual "
        f"{number(model['residual_sd'])}; Wald chi-squared({model['df']}) = {number(model['wald_chi2'], digits=1)}, p "
        f"{p_text(model['p'])}. {sentence(model['note'])}"
    )


def _changes(changes: Mapping[str, Any], *, condition: Condition) -> str:
    levels = changes["shared"]
    found = (
        f"new segments begin at {condition.within} {', '.join(str(level) for level in levels)}"
        if levels
        else "one segment describes the mean trajectory best"
    )
    own = [row["levels"] for row in changes["per_seed"]]
    agreeing = sum(one == levels for one in own)
    return (
        f"Change points of the mean trajectory, {changes['model']} ({changes['criterion']}): {found}; {agreeing} of "
        f"{len(own)} seeds alone have the same. {sentence(changes['note'])}"
    )
