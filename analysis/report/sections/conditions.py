"""Set the conditions side by side, and compare each pair of them."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from matplotlib.figure import Figure

from analysis.figures.canvas import MAX_LABEL, Canvas, new_axes, short_label
from analysis.figures.forest import ForestRow, forest_limits, plot_forest
from analysis.figures.legend import add_legend, legend_shape
from analysis.figures.style import MAX_NAMED_SEEDS, series_style
from analysis.figures.trajectories import plot_mean
from analysis.report.blocks import Block, FigureBlock, Note, Paragraph, TableBlock
from analysis.report.facts import ReportFacts
from analysis.report.names import column_title, sentence, with_unit
from analysis.report.numbers import bare, interval_text, is_defined, number, p_cell, p_text, unit_of, why
from analysis.report.section import AbstractSection

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
            return [*blocks, Note(f"The conditions are not compared: {why(compared)}.")]
        blocks += [Paragraph(_two_way(compared, facts=facts)), _differences(compared, metric=metric)]
        return blocks + _forests(compared, metric=metric)


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
    finals = "; ".join(f"{condition.name} ends at {_last(condition.band(metric).mean)}" for condition in shown)
    return FigureBlock(
        name="conditions",
        caption=sentence(
            f"mean {column_title(metric)} of each condition over its seeds ({counts}); bands: 95 % t intervals of the "
            f"mean at each level, pointwise{f'; {rest} more conditions are in the tables' if rest else ''}"
        ),
        alt=f"Line chart of one line per condition: {finals}.",
        draw=draw,
    )


def _last(means: Any) -> str:
    known = means[np.isfinite(means)]
    return number(float(known[-1])) if len(known) else "no value"


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _two_way(compared: Mapping[str, Any], *, facts: ReportFacts) -> str:
    noun = facts.conditions[0].level_noun
    parts = [
        f"{name}: {_effect(compared[key])}"
        for key, name in (("condition", "condition"), ("interval", noun), ("interaction", f"condition by {noun}"))
    ]
    return (
        f"Two-way repeated measures over the {compared['num_seeds']} seeds that are complete in every condition, at "
        f"{compared['num_levels']} shared {noun}s. {sentence('; '.join(parts))}"
    )


def _effect(effect: Any) -> str:
    if not is_defined(effect):
        return f"undefined ({why(effect)})"
    epsilon = effect["epsilon"]["gg"] if is_defined(effect["epsilon"]) else None
    eps = f", ε GG = {bare(epsilon, digits=2)}" if is_defined(epsilon) else ""
    headline = effect["p"][effect["headline"]]
    return (
        f"F({effect['df_effect']}, {effect['df_error']}) = {number(effect['F'], digits=2)}{eps}, p {p_text(headline)}"
    )


def _differences(compared: Mapping[str, Any], *, metric: str) -> TableBlock:
    unit = unit_of(metric)
    return TableBlock(
        name="condition-differences",
        caption=sentence(
            f"differences of {column_title(metric)} between conditions, b minus a{f', {unit}' if unit else ''}, with "
            "95 % t intervals; p Holm is corrected over the pairs of conditions, the exact p is of the sign-flip test, "
            "or of the permutation test where the conditions share no seeds"
        ),
        columns=("b − a", "of each seed's", "n", "difference", "95 % t interval", "p Holm", "p exact"),
        rows=tuple(
            _difference_row(pair, part=part)
            for pair in compared["comparisons"]
            for part in PARTS
            if is_defined(pair[part])
        ),
    )


def _difference_row(pair: Mapping[str, Any], *, part: str) -> tuple[str, ...]:
    difference = pair[part]
    has_interval = is_defined(difference["ci95_low"])
    num_a, num_b = len(pair["seeds_a"]), len(pair["seeds_b"])
    return (
        f"{pair['b']} − {pair['a']}",
        PARTS[part],
        str(num_a) if pair["pairing"] == "paired" else f"{num_a}, {num_b}",
        number(difference["mean_difference"]),
        interval_text(difference["ci95_low"], difference["ci95_high"]) if has_interval else "–",
        p_cell(difference["p_holm"]),
        p_cell(difference["p_exact"]),
    )


def _forests(compared: Mapping[str, Any], *, metric: str) -> list[Block]:
    pairs = [pair for pair in compared["comparisons"] if is_defined(pair["by_level"]) and pair["by_level"]["rows"]]
    return [_forest(pair, place=place, metric=metric) for place, pair in enumerate(pairs[:MAX_PAIRS], start=1)]


def _forest(pair: Mapping[str, Any], *, place: int, metric: str) -> FigureBlock:
    by_level = pair["by_level"]
    rows = [
        ForestRow(
            label=short_label(row["level"], most=10),
            mean=_float(row["mean_difference"]),
            low=_float(row["sim95_low"]),
            high=_float(row["sim95_high"]),
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
        caption=sentence(
            f"{column_title(metric)} of {pair['b']} minus {pair['a']} at each level, {pair['pairing']} seeds (n = "
            f"{len(pair['seeds_b'])} and {len(pair['seeds_a'])}). Lines: simultaneous 95 % t intervals over "
            f"{by_level['num_comparisons']} levels. Filled: the interval excludes zero. {pair['note']}"
        ),
        alt=f"Forest plot of {len(rows)} differences: {above} intervals lie above zero, {below} below.",
        draw=draw,
        table=_level_table(pair, place=place, metric=metric),
    )


def _level_table(pair: Mapping[str, Any], *, place: int, metric: str) -> TableBlock:
    return TableBlock(
        name=f"condition-difference-{place}-levels",
        caption=sentence(f"{column_title(metric)} of {pair['b']} minus {pair['a']} at each level"),
        columns=("level", "difference", "95 % t interval", "simultaneous", "p Holm", "p max-T"),
        rows=tuple(
            (
                str(row["level"]),
                number(row["mean_difference"]),
                interval_text(row["ci95_low"], row["ci95_high"]) if is_defined(row["ci95_low"]) else "–",
                interval_text(row["sim95_low"], row["sim95_high"]) if is_defined(row["sim95_low"]) else "–",
                p_cell(row["p_holm"]),
                p_cell(row["p_max_t"]),
            )
            for row in pair["by_level"]["rows"]
        ),
    )


def _float(value: Any) -> float:
    return float(value) if is_defined(value) else float("nan")
