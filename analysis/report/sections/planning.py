"""Say what this many seeds can detect, and how many another effect would need."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from analysis.report.blocks import Block, Paragraph, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, of_condition, sentence
from analysis.report.numbers import bare, is_defined, number
from analysis.report.section import AbstractSection

__all__ = ["Planning"]


@final
class Planning(AbstractSection):
    """Minimal detectable effects, seeds needed, floors of the exact tests."""

    id = "planning"
    title = "How many seeds it would take"

    def is_there(self, facts: ReportFacts) -> bool:
        """Whether some condition has it."""
        return any(is_defined(condition.main.get("planning")) for condition in facts.conditions)

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """A sentence and three tables, for each condition."""
        return [
            block
            for condition in facts.conditions
            if is_defined(condition.main.get("planning"))
            for block in _of_condition(condition, facts=facts)
        ]


def _of_condition(condition: Condition, *, facts: ReportFacts) -> list[Block]:
    planning = condition.main["planning"]
    tables = (
        _detectable(planning, condition=condition, facts=facts),
        _needed(planning, condition=condition, facts=facts),
        _floors(planning, condition=condition, facts=facts),
    )
    return [Paragraph(_what(planning, condition=condition, facts=facts)), *(table for table in tables if table.rows)]


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _what(planning: Mapping[str, Any], *, condition: Condition, facts: ReportFacts) -> str:
    return (
        f"{of_condition(condition, facts=facts)}The yardstick is the SD of {planning['sd_of']}, "
        f"{number(planning['sd'])}; two-sided tests at {bare(planning['alpha'], digits=2)} with a power of "
        f"{100 * planning['power']:.0f} %. The SD is an estimate from n = {condition.num_subjects} seeds, so these are "
        "orders of magnitude."
    )


def _rows(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _detectable(planning: Mapping[str, Any], *, condition: Condition, facts: ReportFacts) -> TableBlock:
    return TableBlock(
        name=block_name("detectable", condition=condition, facts=facts),
        caption=f"The smallest difference that n = {condition.num_subjects} seeds detect, by number of comparisons.",
        columns=("comparisons", "family", "in SD", "in the metric's unit"),
        rows=tuple(
            (
                str(row["num_comparisons"]),
                str(row["family"]),
                number(row["sd_units"], digits=2),
                number(row["effect"]),
            )
            for row in _rows(planning["detectable"])
        ),
    )


def _needed(planning: Mapping[str, Any], *, condition: Condition, facts: ReportFacts) -> TableBlock:
    return TableBlock(
        name=block_name("seeds-needed", condition=condition, facts=facts),
        caption="Seeds that would be needed to detect a difference.",
        columns=("difference in SD", "in the metric's unit", "comparisons", "seeds"),
        rows=tuple(
            (
                number(row["effect_sd_units"], digits=2),
                number(row["effect"]),
                str(row["num_comparisons"]),
                str(row["num_seeds"]) if is_defined(row["num_seeds"]) else "–",
            )
            for row in _rows(planning["seeds_needed"])
        ),
        is_folded=True,
    )


def _floors(planning: Mapping[str, Any], *, condition: Condition, facts: ReportFacts) -> TableBlock:
    return TableBlock(
        name=block_name("exact-floors", condition=condition, facts=facts),
        caption=sentence(
            f"the smallest p that an exact test can give from n = {condition.num_subjects} seeds, after correction"
        ),
        columns=("comparisons", "family", "smallest p", "can reject at .05", "seeds needed"),
        rows=tuple(
            (
                str(row["num_comparisons"]),
                str(row["family"]),
                bare(row["p_floor"], digits=4),
                "yes" if row["can_reject"] is True else "no",
                str(row["seeds_needed"]) if is_defined(row["seeds_needed"]) else "–",
            )
            for row in _rows(planning["exact_floors"])
        ),
        is_folded=True,
    )
