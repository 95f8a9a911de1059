"""Compare every level with a declared reference, in the metric's own unit."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from matplotlib.figure import Figure

from analysis.figures.canvas import Canvas, new_axes, short_label
from analysis.figures.forest import ForestRow, forest_limits, plot_forest
from analysis.figures.heat_map import even_places
from analysis.report.blocks import Block, FigureBlock, Note, Paragraph, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, caption, column_title, heading, of_condition, sentence
from analysis.report.numbers import floor_text, interval_text, is_defined, number, p_cell, unit_of, why
from analysis.report.section import AbstractSection
from configs.counted import counted

__all__ = ["Contrasts"]

MAX_ROWS = 40
FAMILIES = ("last", "first", "minimum")
PLACES = {"last": "the last", "first": "the first", "minimum": "the lowest mean, chosen from the data"}


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
        reason = condition.said(why(simultaneous))
        return [Note(caption(condition, facts=facts, text=f"no contrasts: {reason}."))]
    declared, references = simultaneous["declared"], simultaneous["references"]
    kept, same = _others(references, declared=declared)
    return [
        *heading(condition, facts=facts),
        _of_declared(references[declared], name=declared, condition=condition, facts=facts),
        *(_table(references[name], name=name, condition=condition, facts=facts) for name in kept),
        *(Paragraph(_same(references[name], name=name, condition=condition)) for name in same),
    ]


def _others(references: Mapping[str, Any], *, declared: str) -> tuple[list[str], list[str]]:
    """References beside the declared one: those of a level of their own, and those whose level came before."""
    there = [name for name in FAMILIES if is_defined(references.get(name)) and references[name]["rows"]]
    seen = {references[declared]["level"]} if declared in there else set()
    kept: list[str] = []
    same: list[str] = []
    for name in there:
        if name != declared:
            (same if references[name]["level"] in seen else kept).append(name)
            seen.add(references[name]["level"])
    return kept, same


def _same(family: Mapping[str, Any], *, name: str, condition: Condition) -> str:
    """What stands for a table of differences that are given already."""
    what = "the lowest mean" if name == "minimum" else f"the {name} {condition.level_noun}"
    text = f"{what} is at {condition.at(family['level'])} as well, and the differences from it are given above."
    if family["chosen_from_data"]:
        pairs = f"{counted(family['num_comparisons'], 'pair')} of {condition.level_noun}s"
        text += (
            f" Taken as the lowest it is chosen from the data, so that its intervals have to allow for {pairs} and are "
            "wider; statistics.json has them."
        )
    return sentence(text)


def _of_declared(family: Any, *, name: str, condition: Condition, facts: ReportFacts) -> Block:
    if is_defined(family) and family["rows"]:
        return _figure(family, name=name, condition=condition, facts=facts)
    if not is_defined(family):
        reason = why(family)
    elif family["excluded"]:
        reason = family["excluded"][0]["why"]
    else:
        reason = "there is no other level"
    return Note(sentence(condition.said(f"no contrasts with the {name} level: {reason}")))


def _figure(family: Any, *, name: str, condition: Condition, facts: ReportFacts) -> FigureBlock:
    rows = _forest_rows(family, condition=condition)
    shown = [rows[place] for place in even_places(len(rows), most=MAX_ROWS)]
    unit = unit_of(condition.main_metric)
    label = f"difference from {short_label(condition.at(family['level']))}{f', {unit}' if unit else ''}"
    limits = forest_limits(rows)

    def draw(canvas: Canvas) -> Figure:
        figure, (axes,) = new_axes(canvas, height=16 * len(shown) + 62, left=64, top=14)
        plot_forest(axes, shown, label=label, limits=limits)
        axes.set_ylabel(condition.within)
        return figure

    return FigureBlock(
        name=block_name("contrasts", condition=condition, facts=facts),
        caption=_caption(family, condition=condition, shown=shown, limits=limits, facts=facts),
        alt=_alt(rows, family=family, condition=condition),
        draw=draw,
        table=_table(family, name=name, condition=condition, facts=facts),
    )


def _forest_rows(family: Any, *, condition: Condition) -> list[ForestRow]:
    """The rows; of too few seeds none is filled, which would be an inference."""
    return [
        ForestRow(
            label=short_label(row["level"]),
            mean=_number(row["mean_difference"]),
            low=_number(row["sim95_low"]),
            high=_number(row["sim95_high"]),
            is_filled=not condition.is_only_described and _excludes_zero(row),
        )
        for row in family["rows"]
    ]


def _excludes_zero(row: Mapping[str, Any]) -> bool:
    return is_defined(row["sim95_low"]) and (row["sim95_low"] > 0 or row["sim95_high"] < 0)


def _number(value: Any) -> float:
    return float(value) if is_defined(value) else float("nan")


def _caption(
    family: Any,
    *,
    condition: Condition,
    shown: Sequence[ForestRow],
    limits: tuple[float, float],
    facts: ReportFacts,
) -> str:
    unit = unit_of(condition.main_metric)
    num_rows, noun = len(family["rows"]), condition.level_noun
    text = (
        f"{of_condition(condition, facts=facts)}mean difference of {column_title(condition.main_metric)} between each "
        f"{noun} and {condition.at(family['level'])}{f', in {unit}' if unit else ''}; n = "
        f"{counted(condition.num_subjects, 'seed')}, paired. Lines: simultaneous 95 % t intervals "
        f"(Bonferroni quantile over {counted(family['num_comparisons'], 'comparison')})."
    )
    if not condition.is_only_described:
        text += " Filled: the interval excludes zero."
    outside = sum(not limits[0] <= row.mean <= limits[1] for row in shown)
    if outside:
        text += f" Arrow: {counted(outside, 'difference')} beyond the axis, with its value."
    if len(shown) < num_rows:
        text += f" {len(shown)} of {num_rows} rows, evenly chosen, are drawn; the table has all."
    note = family.get("note")
    return sentence(text) + (f" {sentence(condition.said(note))}" if isinstance(note, str) and note else "")


def _alt(rows: Sequence[ForestRow], *, family: Any, condition: Condition) -> str:
    above = sum(row.low > 0 for row in rows)
    below = sum(row.high < 0 for row in rows)
    return (
        f"Forest plot of {counted(len(rows), 'difference')} from {condition.at(family['level'])}: {above} above zero "
        f"by their interval, {below} below, {len(rows) - above - below} undecided."
    )


def _table(family: Any, *, name: str, condition: Condition, facts: ReportFacts) -> TableBlock:
    unit = unit_of(condition.main_metric)
    columns = _table_columns(family, condition=condition)
    return TableBlock(
        name=block_name(f"contrasts-{name}", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text=f"{column_title(condition.main_metric)} minus that of "
            f"{condition.at(family['level'])} ({PLACES[name]}){f', {unit}' if unit else ''}; n = "
            f"{condition.num_subjects}{_corrections(family, condition=condition)}.",
        ),
        columns=tuple(columns),
        rows=tuple(zip(*columns.values(), strict=True)),
        is_folded=True,
    )


def _corrections(family: Any, *, condition: Condition) -> str:
    if condition.is_only_described:
        return ""
    max_t = family["max_t"]
    floor = f", and cannot fall below {floor_text(max_t['p_floor'])}" if is_defined(max_t) else ""
    comparisons = counted(family["num_comparisons"], "comparison")
    return (
        f". Simultaneous intervals and p Holm allow for {comparisons}; p max-T compares each |t| with the largest of "
        f"all under every pattern of sign flips{floor}"
    )


def _table_columns(family: Any, *, condition: Condition) -> dict[str, list[str]]:
    """Texts by column; of too few seeds without t and p."""
    rows = family["rows"]
    columns = {
        condition.within: [str(row["level"]) for row in rows],
        "difference": [number(row["mean_difference"]) for row in rows],
        "95 % t interval": [_span(row, "ci95") for row in rows],
        "simultaneous": [_span(row, "sim95") for row in rows],
    }
    if condition.is_only_described:
        return columns
    return columns | {
        "t": [number(row["t"], digits=2) for row in rows],
        "p Holm": [p_cell(row["p_holm"]) for row in rows],
        "p max-T": [p_cell(row["p_max_t"]) for row in rows],
    }


def _span(row: Mapping[str, Any], key: str) -> str:
    low, high = row[f"{key}_low"], row[f"{key}_high"]
    return interval_text(low, high) if is_defined(low) else "–"
