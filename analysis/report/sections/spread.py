"""Show how far the seeds lie apart along the trajectory, and what of it they share."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, final

from matplotlib.figure import Figure

from analysis.between_seeds import BetweenSeeds, spread_between_seeds
from analysis.figures.canvas import Canvas, new_axes
from analysis.figures.spread import plot_spread
from analysis.report.blocks import Block, FigureBlock, Note, Paragraph, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, caption, column_title, heading, sentence
from analysis.report.numbers import interval_text, is_defined, number, p_text, quantity, share, share_interval, unit_of
from analysis.report.section import AbstractSection
from configs.counted import counted

__all__ = ["Spread"]


@final
class Spread(AbstractSection):
    """Between-seed standard deviation, intraclass correlation, seeds that stand out."""

    id = "spread"
    title = "How far the seeds lie apart"

    def is_there(self, facts: ReportFacts) -> bool:
        """Whether two seeds can be compared."""
        return any(map(_has_spread, facts.drawn_conditions))

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """A figure and what follows from it, for each condition."""
        return [
            block
            for condition in facts.drawn_conditions
            if _has_spread(condition)
            for block in _of_condition(condition, facts=facts)
        ]


def _has_spread(condition: Condition) -> bool:
    return condition.num_subjects > 1 and condition.main["num_levels"] > 0


def _of_condition(condition: Condition, *, facts: ReportFacts) -> list[Block]:
    return [
        *heading(condition, facts=facts),
        _figure(condition, facts=facts),
        *_shared(condition),
        *_variability(condition, facts=facts),
    ]


def _figure(condition: Condition, *, facts: ReportFacts) -> FigureBlock:
    grid = condition.used_grid(condition.main_metric)
    spread, axis = spread_between_seeds(grid), condition.axis(grid.levels)
    unit = unit_of(condition.main_metric)

    def draw(canvas: Canvas) -> Figure:
        figure, (axes,) = new_axes(canvas, height=280, top=40)
        plot_spread(axes, spread, axis=axis)
        axes.set_title(f"SD of {column_title(condition.main_metric)}{f', {unit}' if unit else ''}", y=1.08)
        axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 0.98), ncols=2, borderaxespad=0)
        return figure

    return FigureBlock(
        name=block_name("spread", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text=f"standard deviation of {column_title(condition.main_metric)} over n "
            f"= {counted(grid.num_subjects, 'seed')} (n − 1 in its denominator). Band: 95 % "
            "chi-squared interval, s·√((n − 1)/χ²), point by point, which takes the seeds as independent and normal.",
        ),
        alt=_alt(condition, spread=spread),
        draw=draw,
        table=_table(condition, spread=spread, facts=facts),
    )


def _alt(condition: Condition, *, spread: Sequence[BetweenSeeds]) -> str:
    known = [(row.sd, row.level) for row in spread if isinstance(row.sd, float)]
    if not known:
        return "Line chart of the standard deviation over seeds, which is undefined everywhere."
    (least, least_level), (most, most_level) = min(known, key=itemgetter(0)), max(known, key=itemgetter(0))
    metric = condition.main_metric
    return (
        f"Line chart of the standard deviation over seeds: from {quantity(least, metric=metric)} at "
        f"{condition.at(least_level)} to {quantity(most, metric=metric)} at {condition.at(most_level)}."
    )


def _table(condition: Condition, *, spread: Sequence[BetweenSeeds], facts: ReportFacts) -> TableBlock:
    unit = unit_of(condition.main_metric)
    return TableBlock(
        name=block_name("spread-levels", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text=f"SD over n seeds{f', {unit}' if unit else ''}, with its 95 % chi-squared interval.",
        ),
        columns=(condition.within, "n", "SD", "95 % interval"),
        rows=tuple((str(row.level), str(row.n), number(row.sd), _sd_interval(row)) for row in spread),
    )


def _sd_interval(row: BetweenSeeds) -> str:
    return interval_text(row.sd_ci95_low, row.sd_ci95_high) if isinstance(row.sd_ci95_low, float) else "–"


def _shared(condition: Condition) -> list[Block]:
    telemetry = condition.statistics["telemetry"]
    shared = telemetry.get("common_mode")
    if condition.main_metric != "val_loss" or not is_defined(telemetry) or not is_defined(shared):
        return []
    window = telemetry["config"]["window"]
    text = (
        f"How much of their ups and downs the seeds share: the first {counted(window, 'change')}, up to "
        f"{condition.at(shared['after_level'])}, are set aside, since they hold the first drop (the telemetry's window "
        f"is {window}). The {counted(shared['num_deltas'], 'change')} of each seed after them correlate "
        f"{share(shared['mean_correlation'])} on average over the pairs of {shared['num_seeds']} seeds; "
        f"{100 * shared['common_variance_share']:.0f} % of their variance is common to all, "
        f"where {100 / shared['num_seeds']:.0f} % would be if they shared nothing."
    )
    warning = shared.get("warning")
    return [Paragraph(text), *([Note(sentence(condition.said(warning)))] if warning else [])]


def _variability(condition: Condition, *, facts: ReportFacts) -> list[Block]:
    variability = condition.main.get("variability")
    if not is_defined(variability):
        return []
    blocks: list[Block] = []
    if is_defined(variability["icc"]):
        blocks.append(_icc_table(variability["icc"], condition=condition, facts=facts))
    outlying = variability["outlying_seeds"]
    if is_defined(outlying):
        blocks.append(Paragraph(_outlying(outlying)))
    return blocks


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _icc_table(rows: Sequence[Any], *, condition: Condition, facts: ReportFacts) -> TableBlock:
    return TableBlock(
        name=block_name("icc", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text=f"intraclass correlations of {column_title(condition.main_metric)} "
            f"(n = {counted(condition.num_subjects, 'seed')}), with 95 % intervals.",
        ),
        columns=("of", "type", "value", "95 % interval", "meaning"),
        rows=tuple(
            (
                condition.said(str(row["of"])),
                str(row["type"]),
                share(row["value"], digits=3),
                share_interval(row["ci95_low"], row["ci95_high"], digits=3),
                condition.said(str(row["meaning"])),
            )
            for row in rows
        ),
    )


def _outlying(rows: Sequence[Any]) -> str:
    if not rows:
        return "The seeds do not differ, so that none stands out."
    standing = [row for row in rows if row["stands_out"] is True]
    if not standing:
        return "No seed stands out from the others, neither by its height nor by its shape (Holm-corrected, .05)."
    named = ", ".join(f"{row['seed']} ({row['what']}, p Holm {p_text(row['p_holm'])})" for row in standing)
    return f"Seeds that stand out from the others (Holm-corrected, .05): {named}."
