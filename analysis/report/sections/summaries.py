"""Sum up each seed in one number, and the numbers over the seeds."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from analysis.report.blocks import Block, Paragraph, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, caption, column_title, heading
from analysis.report.numbers import interval_text, is_defined, number, p_cell, quantity, unit_of
from analysis.report.section import AbstractSection

__all__ = ["Summaries"]


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
    return TableBlock(
        name=block_name("summaries", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text=f"summaries of {column_title(metric)}{f' ({unit})' if unit else ''}, "
            f"one number per seed, then mean and 95 % t interval over seeds (n = {condition.num_subjects}). p: "
            "one-sample t test and exact sign-flip test against zero, where that is a valid test.",
        ),
        columns=("per seed", "mean", "95 % t interval", "above zero", "t", "p", "p sign-flip"),
        rows=tuple(
            _row(name, measure) for name, measure in _measures(condition.main["summaries"]) if is_defined(measure)
        ),
    )


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _measures(summaries: Mapping[str, Any]) -> list[tuple[str, Any]]:
    measures = [
        ("final minus own minimum", summaries["final_minus_minimum"]),
        (
            f"final minus value at level {summaries['lowest_mean']['level']}, the lowest mean",
            summaries["final_minus_reference"],
        ),
        ("minimum", summaries.get("minimum_value")),
        ("place of the minimum", summaries.get("minimum_position")),
    ]
    slope = summaries.get("slope_after_minimum")
    if is_defined(slope):
        measures.append((f"slope from level {slope['from_level']} on, {slope['unit']}", slope["measure"]))
    area = summaries.get("area_under_curve")
    if is_defined(area):
        measures.append((f"area under the curve ({area['unit']})", area["measure"]))
    polynomial = summaries.get("polynomial")
    if is_defined(polynomial) and isinstance(polynomial, list):
        measures += [(f"{part['name']} contrast", part["measure"]) for part in polynomial]
    return measures


def _row(name: str, measure: Mapping[str, Any]) -> tuple[str, ...]:
    interval = measure["interval"]
    has_interval = is_defined(interval["ci95_low"])
    flip = measure["sign_flip"]
    is_tested = is_defined(measure.get("p"))
    return (
        name,
        number(interval["mean"]),
        interval_text(interval["ci95_low"], interval["ci95_high"]) if has_interval else "–",
        f"{measure['num_positive']} of {measure['num_seeds']}" if is_tested or is_defined(flip) else "–",
        number(measure["t"], digits=2) if is_tested else "–",
        p_cell(measure.get("p")),
        p_cell(flip["p"]) if is_defined(flip) else "–",
    )


def _noise(condition: Condition) -> list[Block]:
    summaries = condition.main["summaries"]
    noise = summaries.get("noise_only_rise")
    if not is_defined(noise):
        return []
    rise = quantity(noise["value"], metric=condition.main_metric)
    return [
        Paragraph(
            "A minimum among noisy values lies low, so final minus minimum is above zero even for a flat trajectory: "
            f"by {rise} here, from independent noise of SD {number(noise['residual_sd'])} over {noise['num_levels']} "
            "levels."
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
            text=f"each {condition.subject}: where it is lowest, and how far above that it ends (n = 1 per row).",
        ),
        columns=(condition.subject, f"lowest at {condition.within}", "minimum", "final minus minimum"),
        rows=tuple(
            (str(row["seed"]), str(row["level"]), number(row["value"]), number(rise[row["seed"]]))
            for row in summaries["minimum"]
        ),
        is_folded=True,
    )
