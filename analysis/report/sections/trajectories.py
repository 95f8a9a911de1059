"""Show every seed's trajectory, the mean with its band and the minimum, training beside validation."""

from collections.abc import Sequence
from typing import final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.canvas import Canvas, new_axes, short_label
from analysis.figures.legend import add_legend, legend_shape
from analysis.figures.style import MAX_NAMED_SEEDS
from analysis.figures.trajectories import MAX_LINES, look_past_first_level, plot_mean, plot_minimum, plot_trajectories
from analysis.report.blocks import Block, FigureBlock, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, caption, column_title, heading, of_condition, sentence, with_unit
from analysis.report.numbers import amount, count_of, interval_text, number, quantity, unit_of
from analysis.report.section import AbstractSection

__all__ = ["Trajectories"]


@final
class Trajectories(AbstractSection):
    """The main figure of the report."""

    id = "trajectories"
    title = "Trajectories"

    def is_there(self, facts: ReportFacts) -> bool:
        """Always."""
        return True

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """One figure for each condition."""
        return [
            block
            for condition in facts.drawn_conditions
            for block in (*heading(condition, facts=facts), trajectory_figure(condition, facts=facts))
        ]


def trajectory_figure(condition: Condition, *, facts: ReportFacts) -> FigureBlock:
    """Seeds, mean, band and minimum of the main metric, and of the training loss where there is one."""
    columns = _columns(condition)

    def draw(canvas: Canvas) -> Figure:
        is_stacked = canvas.is_narrow
        num_columns = 1 if is_stacked else len(columns)
        num_rows = len(columns) if is_stacked else 1
        shape = legend_shape(_legend_labels(condition), canvas=canvas)
        figure, panels = new_axes(
            canvas,
            height=270 * num_rows + shape.height,
            rows=num_rows,
            columns=num_columns,
            bottom=48 + shape.height,
            shares_y=not is_stacked,
        )
        for axes, column in zip(panels, columns, strict=True):
            _draw_panel(axes, condition=condition, column=column)
        add_legend(panels[0], shape=shape)
        return figure

    return FigureBlock(
        name=block_name("trajectories", condition=condition, facts=facts),
        caption=_caption(condition, columns=columns, facts=facts),
        alt=_alt(condition),
        draw=draw,
        table=_table(condition, facts=facts),
    )


def _columns(condition: Condition) -> tuple[str, ...]:
    main = condition.main_metric
    return (main, "train_loss") if main == "val_loss" and condition.has("train_loss") else (main,)


def _legend_labels(condition: Condition) -> list[str]:
    grid = condition.grid(condition.main_metric)
    seeds = [short_label(seed) for seed in grid.subjects] if grid.num_subjects <= MAX_NAMED_SEEDS else []
    return [*seeds, "mean, 95 % t band"]


def _draw_panel(axes: Axes, *, condition: Condition, column: str) -> None:
    grid = condition.grid(column)
    axis, band = condition.axis(grid.levels), condition.band(column)
    axes.set_title(with_unit(column))
    plot_trajectories(axes, grid, axis=axis)
    if grid.num_subjects > 1:
        plot_mean(axes, band, axis=axis)
    look_past_first_level(axes, grid, axis=axis)
    if column == condition.main_metric and np.isfinite(band.mean).any():
        lowest = int(np.nanargmin(band.mean))
        plot_minimum(axes, band, axis=axis, text=f"{number(float(band.mean[lowest]))} at {_place(condition, lowest)}")


def _place(condition: Condition, position: int) -> str:
    return f"{condition.within} {short_label(condition.grid(condition.main_metric).levels[position])}"


def _caption(condition: Condition, *, columns: tuple[str, ...], facts: ReportFacts) -> str:
    grid = condition.grid(condition.main_metric)
    beside = " beside the training loss" if len(columns) > 1 else ""
    parts = [
        f"{of_condition(condition, facts=facts)}{with_unit(condition.main_metric)}{beside}.",
        _lines(grid.num_subjects),
    ]
    if grid.num_subjects > 1:
        parts.append(
            f"Strong line: mean over the n = {condition.num_subjects} seeds that the statistics use; band: 95 % t "
            "interval of that mean at each level, mean ± t(.975, n − 1) · SD / √n, pointwise. Ring: the lowest mean."
        )
    if len(columns) > 1:
        parts.append("Training loss is the mean over the steps since the interval before, on text then being learnt.")
    axis = condition.axis(grid.levels)
    if axis.first:
        hidden = ", ".join(str(level) for level in axis.levels[: axis.first])
        parts.append(f"{condition.within} {hidden} (no training yet) has no place on the log axis; it is in the table.")
    elif grid.num_levels > 1:
        parts.append("Where the first level lies far above the rest it is beyond the axis; it is in the table.")
    return " ".join(sentence(part) for part in parts)


def _lines(num_seeds: int) -> str:
    if num_seeds > MAX_LINES:
        return f"Shaded: the range of all {num_seeds:,} seeds and of their middle half, at each level."
    named = "" if num_seeds > MAX_NAMED_SEEDS else ", with a marker of its own"
    return f"Thin lines: the {count_of(num_seeds, 'seed')}, each one line{named}."


def _alt(condition: Condition) -> str:
    band = condition.band(condition.main_metric)
    levels = condition.grid(condition.main_metric).levels
    known = np.flatnonzero(np.isfinite(band.mean))
    if len(known) == 0:
        return f"No {condition.within} has a value of {condition.main_metric}."
    first, last, lowest = known[0], known[-1], int(np.nanargmin(band.mean))
    where = [
        f"{quantity(float(band.mean[place]), metric=condition.main_metric)} at {condition.within} {levels[place]}"
        for place in (first, lowest, last)
    ]
    return (
        f"Line chart. Mean {column_title(condition.main_metric)} starts at {where[0]}, is lowest with {where[1]} and "
        f"ends at {where[2]}."
    )


def _table(condition: Condition, *, facts: ReportFacts) -> TableBlock:
    metric = condition.main_metric
    tokens = condition.tokens
    has_train = "train_loss" in _columns(condition)
    train = condition.band("train_loss") if has_train else None
    places = {level: place for place, level in enumerate(condition.grid(metric).levels)}
    rows = []
    for row in condition.main["descriptive"]:
        place = places[row["level"]]
        cells = [str(row["level"])]
        cells += [amount(tokens[row["level"]])] if tokens.get(row["level"]) is not None else ["–"] if tokens else []
        cells += [str(row["n"]), number(row["mean"]), number(row["sd"])]
        cells += [interval_text(row["ci95_low"], row["ci95_high"])]
        cells += [number(float(train.mean[place]))] if train is not None else []
        rows.append(tuple(cells))
    unit = unit_of(metric)
    return TableBlock(
        name=block_name("levels", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text=f"{column_title(metric)} by "
            f"{condition.within}{f', {unit}' if unit else ''}: mean, SD (n − 1) and 95 % t interval over n seeds.",
        ),
        columns=(
            condition.within,
            *(("tokens",) if tokens else ()),
            "n",
            "mean",
            "SD",
            "95 % t interval",
            *(("mean train loss",) if has_train else ()),
        ),
        rows=tuple(rows),
    )
