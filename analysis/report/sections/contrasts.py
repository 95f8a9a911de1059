"""Compare every level with a declared reference, in the metric's own unit."""

from collections.abc import Sequence
from typing import Any, final

from matplotlib.figure import Figure

from analysis.figures.canvas import Canvas, new_axes, short_label
from analysis.figures.forest import ForestRow, forest_limits, plot_forest
from analysis.figures.heat_map import even_places
from analysis.report.blocks import Block, FigureBlock, Note, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, caption, column_title, heading, of_condition, sentence
from analysis.report.numbers import floor_text, interval_text, is_defined, number, p_cell, unit_of, why
from analysis.report.section import AbstractSection

__all__ = ["Contrasts"]

MAX_ROWS = 40
FAMILIES = ("last", "first", "minimum")


@final
class Contrasts(AbstractSection):
    """Forest plot of simultaneous intervals; the other references as tables."""

    id = "contrasts"
    title = "Contrasts with a reference"

    def is_there(self, facts: ReportFacts) -> bool:
        """Whether some condition has two levels and the comparisons."""
        return any(is_defined(condition.main.get("simultaneous")) for condition in facts.conditions)

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """For each condition a figure of the declared reference and a folded table for each other one."""
        return [block for condition in facts.drawn_conditions for block in _of_condition(condition, facts=facts)]


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _of_condition(condition: Condition, *, facts: ReportFacts) -> list[Block]:
    simultaneous = condition.main.get("simultaneous")
    if not is_defined(simultaneous):
        return [Note(caption(condition, facts=facts, text=f"no contrasts: {why(simultaneous)}."))]
    declared = simultaneous["declared"]
    references = simultaneous["references"]
    others = [
        name for name in FAMILIES if name != declared and is_defined(references.get(name)) and references[name]["rows"]
    ]
    family = references[declared]
    blocks: list[Block] = [*heading(condition, facts=facts)]
    if is_defined(family) and family["rows"]:
        blocks.append(_figure(family, name=declared, condition=condition, facts=facts))
    elif is_defined(family):
        reason = family["excluded"][0]["why"] if family["excluded"] else "there is no other level"
        blocks.append(Note(sentence(f"no contrasts with the {declared} {condition.within}: {reason}.")))
    else:
        blocks.append(Note(sentence(f"no contrasts with the {declared} {condition.within}: {why(family)}.")))
    return blocks + [_table(references[name], name=name, condition=condition, facts=facts) for name in others]


def _figure(family: Any, *, name: str, condition: Condition, facts: ReportFacts) -> FigureBlock:
    rows = _forest_rows(family)
    shown = [rows[place] for place in even_places(len(rows), most=MAX_ROWS)]
    unit = unit_of(condition.main_metric)
    label = f"difference from {condition.within} {short_label(family['level'])}{f', {unit}' if unit else ''}"

    def draw(canvas: Canvas) -> Figure:
        figure, (axes,) = new_axes(canvas, height=16 * len(shown) + 62, left=64, top=14)
        plot_forest(axes, shown, label=label, limits=forest_limits(rows))
        axes.set_ylabel(condition.within)
        return figure

    return FigureBlock(
        name=block_name("contrasts", condition=condition, facts=facts),
        caption=_caption(family, condition=condition, num_shown=len(shown), facts=facts),
        alt=_alt(rows, family=family, condition=condition),
        draw=draw,
        table=_table(family, name=name, condition=condition, facts=facts),
    )


def _forest_rows(family: Any) -> list[ForestRow]:
    return [
        ForestRow(
            label=short_label(row["level"]),
            mean=_number(row["mean_difference"]),
            low=_number(row["sim95_low"]),
            high=_number(row["sim95_high"]),
        )
        for row in family["rows"]
    ]


def _number(value: Any) -> float:
    return float(value) if is_defined(value) else float("nan")


def _caption(family: Any, *, condition: Condition, num_shown: int, facts: ReportFacts) -> str:
    unit = unit_of(condition.main_metric)
    num_rows = len(family["rows"])
    text = (
        f"{of_condition(condition, facts=facts)}mean difference of {column_title(condition.main_metric)} between each "
        f"{condition.within} and {condition.within} {family['level']}{f', in {unit}' if unit else ''}; n = "
        f"{condition.num_subjects} {condition.subject_noun}s, paired. Lines: simultaneous 95 % t intervals (Bonferroni "
        f"quantile over {family['num_comparisons']} comparisons). Filled: the interval excludes zero."
    )
    if num_shown < num_rows:
        text += f" {num_shown} of {num_rows} rows, evenly chosen, are drawn; the table has all."
    note = family.get("note")
    return sentence(text) + (f" {sentence(note)}" if isinstance(note, str) and note else "")


def _alt(rows: Sequence[ForestRow], *, family: Any, condition: Condition) -> str:
    above = sum(row.low > 0 for row in rows)
    below = sum(row.high < 0 for row in rows)
    return (
        f"Forest plot of {len(rows)} differences from {condition.within} {family['level']}: {above} intervals lie "
        f"above zero, {below} below, {len(rows) - above - below} hold it."
    )


def _table(family: Any, *, name: str, condition: Condition, facts: ReportFacts) -> TableBlock:
    unit = unit_of(condition.main_metric)
    max_t = family["max_t"]
    floor = f"; floor of p max-T {floor_text(max_t['p_floor'])}" if is_defined(max_t) else ""
    return TableBlock(
        name=block_name(f"contrasts-{name}", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text=f"{column_title(condition.main_metric)} minus that of "
            f"{condition.within} {family['level']} ({name}){f', {unit}' if unit else ''}; n = "
            f"{condition.num_subjects}{floor}.",
        ),
        columns=(condition.within, "difference", "95 % t interval", "simultaneous", "t", "p Holm", "p max-T"),
        rows=tuple(
            (
                str(row["level"]),
                number(row["mean_difference"]),
                interval_text(row["ci95_low"], row["ci95_high"]) if is_defined(row["ci95_low"]) else "–",
                interval_text(row["sim95_low"], row["sim95_high"]) if is_defined(row["sim95_low"]) else "–",
                number(row["t"], digits=2),
                p_cell(row["p_holm"]),
                p_cell(row["p_max_t"]),
            )
            for row in family["rows"]
        ),
        is_folded=True,
    )
