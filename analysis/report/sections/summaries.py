"""Sum up each seed in one number, and the numbers over the seeds."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, final

from analysis.report.blocks import Block, Paragraph, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, caption, column_title, heading
from analysis.report.numbers import is_defined, number, p_cell, quantity, span_text, unit_of
from analysis.report.section import AbstractSection

__all__ = ["Summaries"]

FINAL_MINUS_MINIMUM = "final minus own minimum"


@final
class Summaries(AbstractSection):
    """Summaries, their intervals, and tests where zero means something."""

    id = "summaries"
    title = "One number per seed"

    def is_there(self, facts: ReportFacts) -> bool:
        """Whether some condition has summaries."""
        return any(is_defined(condition.main["summaries"]) for condition in facts.conditions)

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """For each condition a table over seeds, a folded one by seed, and what noise alone would give."""
        return [
            block
            for condition in facts.conditions
            if is_defined(condition.main["summaries"])
            for block in _of_condition(condition, facts=facts)
        ]


def _of_condition(condition: Condition, *, facts: ReportFacts) -> list[Block]:
    return [
        *heading(condition, facts=facts),
        _over_seeds(condition, facts=facts),
        *_noise(condition),
        _by_seed(condition, facts=facts),
    ]


def _over_seeds(condition: Condition, *, facts: ReportFacts) -> TableBlock:
    metric = condition.main_metric
    unit = unit_of(metric)
    measures = [(name, measure) for name, measure in _measures(condition) if is_defined(measure)]
    columns = _columns(measures, condition=condition)
    return TableBlock(
        name=block_name("summaries", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text=f"summaries of {column_title(metric)}{f' ({unit})' if unit else ''}, "
            f"one number per seed{_how_summed(condition)}",
        ),
        columns=tuple(columns),
        rows=tuple(zip(*columns.values(), strict=True)),
    )


def _how_summed(condition: Condition) -> str:
    if condition.num_subjects == 1:
        return " (n = 1)"
    tested = (
        ""
        if condition.is_only_described
        else (" p: one-sample t test and exact sign-flip test against zero, where that is a valid test.")
    )
    return (
        f", then mean and 95 % t interval over seeds (n = {condition.num_subjects}); final minus "
        f"minimum cannot be below zero, and its interval ends there.{tested}"
    )


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _measures(condition: Condition) -> list[tuple[str, Any]]:
    summaries = condition.main["summaries"]
    lowest, noun = summaries["lowest_mean"]["level"], condition.level_noun
    measures = [(FINAL_MINUS_MINIMUM, summaries["final_minus_minimum"])]
    if lowest != summaries["final_level"]:
        measures.append(
            (f"final minus value at {condition.at(lowest)}, the lowest mean", summaries["final_minus_reference"])
        )
    measures += [
        ("minimum", summaries.get("minimum_value")),
        ("place of the minimum", summaries.get("minimum_position")),
    ]
    slope = summaries.get("slope_after_minimum")
    if is_defined(slope):
        measures.append((f"slope from {condition.at(slope['from_level'])} on, {slope['unit']}", slope["measure"]))
    area = summaries.get("area_under_curve")
    if is_defined(area):
        measures.append((f"area under the curve ({area['unit'].replace(' x ', ' × ')})", area["measure"]))
    polynomial = summaries.get("polynomial")
    if is_defined(polynomial) and isinstance(polynomial, list):
        measures += [(f"{part['name']} contrast over the {noun}s", part["measure"]) for part in polynomial]
    return measures


def _columns(measures: Sequence[tuple[str, Mapping[str, Any]]], *, condition: Condition) -> dict[str, list[str]]:
    """Texts by column; of too few seeds without tests, of one without intervals."""
    of_one = condition.num_subjects == 1
    columns = {
        "per seed": [name for name, _ in measures],
        "value" if of_one else "mean": [number(measure["interval"]["mean"]) for _, measure in measures],
    }
    if not of_one:
        columns["95 % t interval"] = [_span(name, measure) for name, measure in measures]
    if condition.is_only_described:
        return columns
    tests = [_tests(measure) for _, measure in measures]
    return columns | {
        title: [row[place] for row in tests] for place, title in enumerate(("above zero", "t", "p", "p sign-flip"))
    }


def _span(name: str, measure: Mapping[str, Any]) -> str:
    return span_text(measure["interval"], least=0.0 if name == FINAL_MINUS_MINIMUM else -math.inf)


def _tests(measure: Mapping[str, Any]) -> tuple[str, str, str, str]:
    flip = measure["sign_flip"]
    is_tested = is_defined(measure.get("p"))
    return (
        f"{measure['num_positive']} of {measure['num_seeds']}" if is_tested or is_defined(flip) else "–",
        number(measure["t"], digits=2) if is_tested else "–",
        p_cell(measure.get("p")),
        p_cell(flip["p"]) if is_defined(flip) else "–",
    )


def _noise(condition: Condition) -> list[Block]:
    """What final minus minimum has to be compared with; nothing where every seed ends at its minimum."""
    summaries = condition.main["summaries"]
    noise = summaries.get("noise_only_rise")
    if summaries["final_minus_minimum"]["num_positive"] == 0:
        return [Paragraph("No seed ends above its own minimum, so that final minus minimum is zero for each.")]
    if not is_defined(noise):
        return []
    rise, residual_sd = (quantity(noise[key], metric=condition.main_metric) for key in ("value", "residual_sd"))
    return [
        Paragraph(
            "Final minus own minimum is never below zero, and a minimum among noisy values lies low. For comparison, "
            f"{condition.levels_text(noise['num_levels'])} of a flat trajectory with independent noise would end "
            f"{rise} above their minimum on average. The noise is taken to have the residual SD of the repeated "
            f"measures, {residual_sd}: that of what is left of a value when the means of its seed "
            f"and of its {condition.level_noun} are taken away."
        )
    ]


def _by_seed(condition: Condition, *, facts: ReportFacts) -> TableBlock:
    summaries = condition.main["summaries"]
    rise = {row["seed"]: row["value"] for row in summaries["final_minus_minimum"]["per_seed"]}
    return TableBlock(
        name=block_name("summaries-by-seed", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text="each seed: where it is lowest, and how far above that it ends (n = 1 per row).",
        ),
        columns=(condition.subject, f"lowest at {condition.within}", "minimum", "final minus minimum"),
        rows=tuple(
            (str(row["seed"]), str(row["level"]), number(row["value"]), number(rise[row["seed"]]))
            for row in summaries["minimum"]
        ),
        is_folded=True,
    )
