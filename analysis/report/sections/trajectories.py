"""Show every seed's trajectory, the mean with its band and the minimum, training beside validation."""

from collections.abc import Sequence
from typing import final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.canvas import Canvas, new_axes, short_label
from analysis.figures.legend import add_legend, legend_shape
from analysis.figures.style import MAX_NAMED_SEEDS
from analysis.figures.trajectories import (
    MAX_LINES,
    first_is_far,
    look_past_first_level,
    plot_mean,
    plot_minimum,
    plot_trajectories,
)
from analysis.grid import Grid
from analysis.report.blocks import Block, FigureBlock, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, caption, column_title, heading, of_condition, sentence, with_unit
from analysis.report.numbers import amount, number, quantity, span_text, unit_of
from analysis.report.section import AbstractSection
from configs.counted import counted

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
        # What shares an axis moves it, so that limits come when all is drawn.
        for place, axes in enumerate(panels):
            grid = _stacked(condition, columns=columns[place : place + 1] if is_stacked else columns)
            look_past_first_level(axes, grid, axis=condition.axis(grid.levels))
        _mark_minimum(panels[0], condition=condition)
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
    return [*seeds, _mean_label(condition)]


def _draw_panel(axes: Axes, *, condition: Condition, column: str) -> None:
    grid = condition.grid(column)
    axis, band = condition.axis(grid.levels), condition.band(column)
    axes.set_title(with_unit(column))
    plot_trajectories(axes, grid, axis=axis)
    if grid.num_subjects > 1:
        plot_mean(axes, band, axis=axis, label=_mean_label(condition))


def _mean_label(condition: Condition) -> str:
    return "mean, 95 % t band" if condition.num_subjects > 1 else "mean"


def _stacked(condition: Condition, *, columns: tuple[str, ...]) -> Grid:
    """All that one scale has to hold, one column's rows below the other's."""
    grids = [condition.grid(column) for column in columns]
    subjects = tuple(subject for grid in grids for subject in grid.subjects)
    return Grid(values=np.vstack([grid.values for grid in grids]), subjects=subjects, levels=grids[0].levels)


def _mark_minimum(axes: Axes, *, condition: Condition) -> None:
    grid, band = condition.grid(condition.main_metric), condition.band(condition.main_metric)
    levels, axis = grid.levels, condition.axis(grid.levels)
    shown = grid.values[:, axis.shown]
    if np.isfinite(band.mean[axis.shown]).any():
        lowest = axis.first + int(np.nanargmin(band.mean[axis.shown]))
        text = f"{number(float(band.mean[lowest]))} at {short_label(condition.at(levels[lowest]))}"
        plot_minimum(axes, band, axis=axis, lowest_drawn=float(np.nanmin(shown)), text=text)


def _caption(condition: Condition, *, columns: tuple[str, ...], facts: ReportFacts) -> str:
    grid = condition.grid(condition.main_metric)
    beside = " beside the training loss" if len(columns) > 1 else ""
    parts = [
        f"{of_condition(condition, facts=facts)}{with_unit(condition.main_metric)}{beside}.",
        _lines(condition, num_seeds=grid.num_subjects),
    ]
    parts += _mean(condition) if grid.num_subjects > 1 else []
    if len(columns) > 1:
        parts.append(
            f"Training loss is the mean over the steps since the {condition.level_noun} before, on text then being "
            "learnt."
        )
    axis = condition.axis(grid.levels)
    if axis.first:
        hidden = ", ".join(str(level) for level in axis.levels[: axis.first])
        parts.append(f"{condition.at(hidden)} (no training yet) has no place on the log axis; it is in the table.")
    elif first_is_far(_stacked(condition, columns=columns), axis=axis):
        parts.append(f"{condition.at(grid.levels[0])} lies far above the rest, beyond the axis; it is in the table.")
    return " ".join(sentence(part) for part in parts)


def _mean(condition: Condition) -> list[str]:
    num_used = condition.num_subjects
    if num_used < 2:
        return ["Strong line: the one seed that the statistics use."] if num_used else []
    return [
        f"Strong line: mean over the n = {counted(num_used, 'seed')} that the statistics use; band: "
        "its 95 % t interval, mean ± t(.975, n − 1) · SD / √n, point by point. Ring: the lowest mean."
    ]


def _lines(condition: Condition, *, num_seeds: int) -> str:
    seeds = counted(num_seeds, "seed")
    if num_seeds > MAX_LINES:
        return f"Shaded: the range of all {seeds} and of their middle half, at each {condition.level_noun}."
    if num_seeds == 1:
        return "Line: the one seed. Ring: its lowest value."
    named = "" if num_seeds > MAX_NAMED_SEEDS else ", with a marker of its own"
    return f"Thin lines: the {seeds}, each one line{named}."


def _alt(condition: Condition) -> str:
    band = condition.band(condition.main_metric)
    levels = condition.grid(condition.main_metric).levels
    known = np.flatnonzero(np.isfinite(band.mean))
    if len(known) == 0:
        return f"No {condition.level_noun} has a value of {condition.main_metric}."
    first, last, lowest = known[0], known[-1], int(np.nanargmin(band.mean))
    where = [
        f"{quantity(float(band.mean[place]), metric=condition.main_metric)} at {condition.at(levels[place])}"
        for place in (first, lowest, last)
    ]
    mean = "mean " if condition.grid(condition.main_metric).num_subjects > 1 else ""
    told = f"{mean}{column_title(condition.main_metric)} starts at {where[0]}, is lowest with {where[1]} and ends at"
    return f"Line chart. {sentence(f'{told} {where[2]}')}"


def _table(condition: Condition, *, facts: ReportFacts) -> TableBlock:
    metric = condition.main_metric
    unit = f", {unit_of(metric)}" if unit_of(metric) else ""
    summed = "mean, SD (n − 1) and 95 % t interval over n seeds" if condition.num_subjects > 1 else "the one value"
    columns = _table_columns(condition)
    return TableBlock(
        name=block_name("levels", condition=condition, facts=facts),
        caption=caption(condition, facts=facts, text=f"{column_title(metric)} by {condition.within}{unit}: {summed}."),
        columns=tuple(columns),
        rows=tuple(zip(*columns.values(), strict=True)),
    )


def _table_columns(condition: Condition) -> dict[str, list[str]]:
    """Texts by column; what one seed does not have, has no column."""
    rows, tokens = condition.main["descriptive"], condition.tokens
    columns = {condition.within: [str(row["level"]) for row in rows]}
    if tokens:
        columns["tokens"] = [amount(tokens[row["level"]]) if row["level"] in tokens else "–" for row in rows]
    if condition.num_subjects > 1:
        columns |= {
            "n": [str(row["n"]) for row in rows],
            "mean": [number(row["mean"]) for row in rows],
            "SD": [number(row["sd"]) for row in rows],
            "95 % t interval": [span_text(row) for row in rows],
        }
    else:
        columns["value"] = [number(row["mean"]) for row in rows]
    if "train_loss" in _columns(condition):
        places = {level: place for place, level in enumerate(condition.grid(condition.main_metric).levels)}
        means = condition.band("train_loss").mean
        columns["mean train loss"] = [number(float(means[places[row["level"]]])) for row in rows]
    return columns
