"""Say what this many seeds can detect, and how many another effect would need."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from analysis.report.blocks import Block, Paragraph, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, heading, sentence
from analysis.report.numbers import bare, floor_text, interval_text, is_defined, number, quantity, unit_of, why
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
        """The yardstick and two tables, for each condition."""
        return [
            block
            for condition in facts.drawn_conditions
            if is_defined(condition.main.get("planning"))
            for block in _of_condition(condition, facts=facts)
        ]


def _of_condition(condition: Condition, *, facts: ReportFacts) -> list[Block]:
    planning = condition.main["planning"]
    return [
        *heading(condition, facts=facts),
        Paragraph(_yardstick(planning, condition=condition)),
        _detectable(planning, condition=condition, facts=facts),
        _needed(planning, condition=condition, facts=facts),
    ]


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _yardstick(planning: Mapping[str, Any], *, condition: Condition) -> str:
    low, high = planning["sd_ci95_low"], planning["sd_ci95_high"]
    yardstick = (
        f"The yardstick is {planning['sd_of']}: {quantity(planning['sd'], metric=condition.main_metric)} (95 % "
        f"chi-squared interval {interval_text(low, high)}, n = {planning['num_seeds']})."
        if is_defined(planning["sd"])
        else f"There is no yardstick in the metric's unit: {why(planning['sd'])}."
    )
    return condition.said(
        f"{yardstick} Two-sided tests at {bare(planning['alpha'], digits=2)} with a power of "
        f"{100 * planning['power']:.0f} %. {planning['note']}"
    )


def _detectable(planning: Mapping[str, Any], *, condition: Condition, facts: ReportFacts) -> TableBlock:
    floors = {row["family"]: row for row in planning["exact_floors"]}
    unit = unit_of(condition.main_metric)
    return TableBlock(
        name=block_name("detectable", condition=condition, facts=facts),
        caption=sentence(
            f"the smallest difference that n = {planning['num_seeds']} seeds detect with a paired "
            f"t-test{f' ({unit})' if unit else ''}, corrected by Bonferroni for the number of comparisons; and the "
            "smallest p that sign flips can give: by Bonferroni that of one comparison times their number, by max-T "
            "that of one comparison however many there are. Last column: seeds with which Bonferroni's can reach .05"
        ),
        columns=(
            *("family", "comparisons", "in SD", "difference"),
            *("least p, Bonferroni", "least p, max-T", "seeds for .05"),
        ),
        rows=tuple(
            (
                condition.said(str(row["family"])),
                str(row["num_comparisons"]),
                number(row["sd_units"], digits=2),
                number(row["effect"]),
                *_floors(floors[row["family"]], single=planning["exact_floors"][0]),
            )
            for row in planning["detectable"]
        ),
    )


def _floors(row: Mapping[str, Any], *, single: Mapping[str, Any]) -> tuple[str, str, str]:
    """Of a family by Bonferroni and by max-T, which is that of a single comparison."""
    return (floor_text(row["p_floor"]), floor_text(single["p_floor"]), _count(row["num_seeds_needed"]))


def _needed(planning: Mapping[str, Any], *, condition: Condition, facts: ReportFacts) -> TableBlock:
    unit = unit_of(condition.main_metric)
    return TableBlock(
        name=block_name("seeds-needed", condition=condition, facts=facts),
        caption=sentence(
            "seeds needed to detect a difference with a paired t-test; the last column if the SD is as high as the end "
            f"of its interval{f'. Differences in {unit}' if unit else ''}"
        ),
        columns=("family", "in SD", "difference", "seeds", "seeds, high SD"),
        rows=tuple(
            (
                condition.said(str(row["family"])),
                number(row["effect_sd_units"], digits=1),
                number(row["effect"]),
                _count(row["num_seeds"]),
                _count(row["num_seeds_if_sd_is_high"]),
            )
            for row in planning["seeds_needed"]
        ),
        is_folded=True,
    )


def _count(value: Any) -> str:
    return f"{value:,}" if is_defined(value) else "–"
