"""Set the conditions side by side, and compare each pair of them."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from matplotlib.figure import Figure

from analysis.few_seeds import is_only_described
from analysis.figures.canvas import MAX_LABEL, Canvas, new_axes, short_label
from analysis.figures.forest import ForestRow, forest_limits, plot_forest
from analysis.figures.legend import add_legend, legend_shape
from analysis.figures.style import MAX_NAMED_SEEDS, series_style
from analysis.figures.trajectories import plot_mean
from analysis.report.blocks import Block, FigureBlock, Note, Paragraph, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import column_title, sentence, with_unit
from analysis.report.numbers import interval_text, is_defined, number, p_cell, p_text, share, unit_of, why
from analysis.report.section import AbstractSection
from configs.counted import counted

__all__ = ["Conditions"]

MAX_PAIRS = 3
"""Pairs of conditions that get a forest plot; the tables have all."""
PARTS = {"mean": "mean over levels", "minimum": "own minimum", "final": "last shared level"}


@final
class Conditions(AbstractSection):
    """Overlay of the means, differences between conditions, the interaction."""

    id = "conditions"
    title = "Conditions side by side"

    def is_there(self, facts: ReportFacts) -> bool:
        """Whether there are several."""
        return len(facts.conditions) > 1

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """The overlay, and what the two-way analysis says."""
        metric = facts.conditions[0].main_metric
        compared = (facts.statistics.get("condition_by_interval") or {}).get(metric)
        blocks: list[Block] = [_overlay(facts, metric=metric), *_not_drawn(facts)]
        if not is_defined(compared):
            reason = facts.conditions[0].said(why(compared))
            return [*blocks, Note(f"The conditions are not compared: {reason}.")]
        differences, reason = _differences(compared, facts=facts), _why_no_effect(compared, facts=facts)
        if not differences.rows and reason:
            return [*blocks, Note(f"The conditions are not compared: {reason}.")]
        blocks.append(Note(f"No two-way test: {reason}.") if reason else Paragraph(_two_way(compared, facts=facts)))
        blocks += [differences] if differences.rows else []
        return blocks + _forests(compared, facts=facts)


def _not_drawn(facts: ReportFacts) -> list[Block]:
    num_all, num_drawn = len(facts.conditions), len(facts.drawn_conditions)
    if num_drawn == num_all:
        return []
    return [
        Note(
            f"Figures of their own are drawn for the first {num_drawn} of {num_all} conditions, so that the page stays "
            "small; statistics.json has the numbers of all."
        )
    ]


def _overlay(facts: ReportFacts, *, metric: str) -> FigureBlock:
    shown = facts.conditions[:MAX_NAMED_SEEDS]

    def draw(canvas: Canvas) -> Figure:
        shape = legend_shape([short_label(condition.name) for condition in shown], canvas=canvas)
        figure, (axes,) = new_axes(canvas, height=300 + shape.height, bottom=48 + shape.height)
        for position, condition in enumerate(shown):
            axis = condition.axis(condition.grid(metric).levels)
            style = series_style(position)
            plot_mean(axes, condition.band(metric), axis=axis, style=style, label=short_label(condition.name))
            axis.dress(axes)
        axes.set_title(with_unit(metric))
        axes.grid(axis="y")
        add_legend(axes, shape=shape)
        return figure

    counts = ", ".join(f"{condition.name}: n = {condition.num_subjects}" for condition in shown)
    rest = len(facts.conditions) - len(shown)
    more = f"; {counted(rest, 'more condition')} in the tables" if rest else ""
    finals = "; ".join(f"{condition.name} ends at {_last(condition.band(metric).mean)}" for condition in shown)
    return FigureBlock(
        name="conditions",
        caption=sentence(
            f"mean {column_title(metric)} of each condition over its seeds ({counts}); bands: 95 % t intervals of the "
            f"mean, point by point{more}"
        ),
        alt=f"Line chart of one line per condition: {finals}.",
        draw=draw,
    )


def _last(means: Any) -> str:
    known = means[np.isfinite(means)]
    return number(float(known[-1])) if len(known) else "no value"


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _why_no_effect(compared: Mapping[str, Any], *, facts: ReportFacts) -> str:
    """The reason that all effects share for being undefined; empty where some effect is known or has its own."""
    effects = [compared[key] for key in ("condition", "interval", "interaction")]
    if any(map(is_defined, effects)):
        return ""
    reasons = {why(effect) for effect in effects}
    return facts.conditions[0].said(reasons.pop()) if len(reasons) == 1 else ""


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _two_way(compared: Mapping[str, Any], *, facts: ReportFacts) -> str:
    first = facts.conditions[0]
    over = (
        f"the {counted(compared['num_seeds'], 'seed')} complete in every condition, at "
        f"{first.levels_text(compared['num_levels'])} that all share"
    )
    if is_only_described(compared["num_seeds"]) and compared["num_seeds"] > 1:
        return sentence(f"no two-way test over {over}: so few can only be described")
    parts = [
        f"{name}: {_effect(compared[key], condition=first)}"
        for key, name in (
            ("condition", "condition"),
            ("interval", first.level_noun),
            ("interaction", f"condition by {first.level_noun}"),
        )
    ]
    return f"Two-way repeated measures over {over}. {sentence('; '.join(parts))}"


def _effect(effect: Any, *, condition: Condition) -> str:
    if not is_defined(effect):
        return f"undefined ({condition.said(why(effect))})"
    epsilon = effect["epsilon"]["gg"] if is_defined(effect["epsilon"]) else None
    eps = f", ε GG = {share(epsilon)}" if is_defined(epsilon) else ""
    headline = effect["p"][effect["headline"]]
    return (
        f"F({effect['df_effect']}, {effect['df_error']}) = {number(effect['F'], digits=2)}{eps}, p {p_text(headline)}"
    )


def _differences(compared: Mapping[str, Any], *, facts: ReportFacts) -> TableBlock:
    metric, pairs = facts.conditions[0].main_metric, compared["comparisons"]
    unit = f", {unit_of(metric)}" if unit_of(metric) else ""
    is_tested = not all(map(_is_only_described, pairs))
    corrections = (
        "; p Holm is corrected over the pairs of conditions, the exact p is of the sign-flip test, or of the "
        "permutation test where the conditions share no seeds"
    )
    return TableBlock(
        name="condition-differences",
        caption=sentence(
            f"differences of {column_title(metric)} between conditions, b minus a{unit}, with 95 % t intervals"
            f"{corrections if is_tested else ''}"
        ),
        columns=(
            *("b − a", "of each seed's", "n", "difference", "95 % t interval"),
            *(("p Holm", "p exact") if is_tested else ()),
        ),
        rows=tuple(
            (*_difference_row(pair, part=part, facts=facts), *(_p_cells(pair, part=part) if is_tested else ()))
            for pair in pairs
            for part in PARTS
            if is_defined(pair[part])
        ),
    )


def _difference_row(pair: Mapping[str, Any], *, part: str, facts: ReportFacts) -> tuple[str, ...]:
    difference = pair[part]
    num_a, num_b = len(pair["seeds_a"]), len(pair["seeds_b"])
    return (
        f"{pair['b']} − {pair['a']}",
        facts.conditions[0].said(PARTS[part]),
        str(num_a) if pair["pairing"] == "paired" else f"{num_b}, {num_a}",
        number(difference["mean_difference"]),
        _span(difference, "ci95"),
    )


def _p_cells(pair: Mapping[str, Any], *, part: str) -> tuple[str, str]:
    if _is_only_described(pair):
        return ("–", "–")
    return (p_cell(pair[part]["p_holm"]), p_cell(pair[part]["p_exact"]))


def _is_only_described(pair: Mapping[str, Any]) -> bool:
    return is_only_described(min(len(pair["seeds_a"]), len(pair["seeds_b"])))


def _forests(compared: Mapping[str, Any], *, facts: ReportFacts) -> list[Block]:
    pairs = [pair for pair in compared["comparisons"] if is_defined(pair["by_level"]) and pair["by_level"]["rows"]]
    return [_forest(pair, place=place, facts=facts) for place, pair in enumerate(pairs[:MAX_PAIRS], start=1)]


def _forest(pair: Mapping[str, Any], *, place: int, facts: ReportFacts) -> FigureBlock:
    by_level, metric = pair["by_level"], facts.conditions[0].main_metric
    rows = [
        ForestRow(
            label=short_label(row["level"], most=10),
            mean=_float(row["mean_difference"]),
            low=_float(row["sim95_low"]),
            high=_float(row["sim95_high"]),
            is_filled=not _is_only_described(pair) and _excludes_zero(row),
        )
        for row in by_level["rows"]
    ]
    unit = unit_of(metric)

    def draw(canvas: Canvas) -> Figure:
        figure, (axes,) = new_axes(canvas, height=16 * len(rows) + 84, left=84, top=30)
        plot_forest(axes, rows, label=f"difference{f', {unit}' if unit else ''}", limits=forest_limits(rows))
        length = 14 if canvas.is_narrow else MAX_LABEL
        axes.set_title(" − ".join(short_label(pair[side], most=length) for side in ("b", "a")))
        return figure

    above, below = sum(row.low > 0 for row in rows), sum(row.high < 0 for row in rows)
    return FigureBlock(
        name=f"condition-difference-{place}",
        caption=_forest_caption(pair, facts=facts),
        alt=f"Forest plot of {counted(len(rows), 'difference')}: {above} above zero by their interval, {below} below.",
        draw=draw,
        table=_level_table(pair, place=place, facts=facts),
    )


def _forest_caption(pair: Mapping[str, Any], *, facts: ReportFacts) -> str:
    first, num_a, num_b = facts.conditions[0], len(pair["seeds_a"]), len(pair["seeds_b"])
    seeds = (
        f"paired seeds (n = {num_a})" if pair["pairing"] == "paired" else f"unpaired seeds (n = {num_b} and {num_a})"
    )
    filled = "" if _is_only_described(pair) else " Filled: the interval excludes zero."
    over = first.levels_text(pair["by_level"]["num_comparisons"])
    return sentence(
        f"{column_title(first.main_metric)} of {pair['b']} minus {pair['a']} at each {first.level_noun}, {seeds}. "
        f"Lines: simultaneous 95 % t intervals over {over}.{filled} {first.said(pair['note'])}"
    )


def _level_table(pair: Mapping[str, Any], *, place: int, facts: ReportFacts) -> TableBlock:
    first, rows = facts.conditions[0], pair["by_level"]["rows"]
    columns = {
        first.within: [str(row["level"]) for row in rows],
        "difference": [number(row["mean_difference"]) for row in rows],
        "95 % t interval": [_span(row, "ci95") for row in rows],
        "simultaneous": [_span(row, "sim95") for row in rows],
    }
    if not _is_only_described(pair):
        columns |= {
            "p Holm": [p_cell(row["p_holm"]) for row in rows],
            "p max-T": [p_cell(row["p_max_t"]) for row in rows],
        }
    return TableBlock(
        name=f"condition-difference-{place}-levels",
        caption=sentence(
            f"{column_title(first.main_metric)} of {pair['b']} minus {pair['a']} at each {first.level_noun}"
        ),
        columns=tuple(columns),
        rows=tuple(zip(*columns.values(), strict=True)),
    )


def _span(row: Mapping[str, Any], key: str) -> str:
    low, high = row[f"{key}_low"], row[f"{key}_high"]
    return interval_text(low, high) if is_defined(low) else "–"


def _excludes_zero(row: Mapping[str, Any]) -> bool:
    return is_defined(row["sim95_low"]) and (row["sim95_low"] > 0 or row["sim95_high"] < 0)


def _float(value: Any) -> float:
    return float(value) if is_defined(value) else float("nan")
