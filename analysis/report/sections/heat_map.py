"""Show every cell: seeds by intervals, and how far each seed lies from the others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.figures.canvas import MAX_LABEL, Canvas, label_width, new_axes, short_label
from analysis.figures.heat_map import BAR_SPACE, ColorRange, even_places, plot_heat_map
from analysis.grid import Grid
from analysis.report.blocks import Block, FigureBlock, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, caption, column_title, heading, of_condition, sentence, with_unit
from analysis.report.numbers import number, quantity, unit_of
from analysis.report.section import AbstractSection
from configs.counted import counted

__all__ = ["HeatMap"]

MAX_TABLE_COLUMNS = 24
MAX_DRAWN_SEEDS, MAX_DRAWN_LEVELS = 100, 200


@final
class HeatMap(AbstractSection):
    """The whole grid in colours."""

    id = "heat-map"
    title = "Every cell"

    def is_there(self, facts: ReportFacts) -> bool:
        """Whether there is a grid of more than one cell."""
        return any(_grid_values(condition).size > 1 for condition in facts.drawn_conditions)

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """One figure for each condition."""
        return [
            block
            for condition in facts.drawn_conditions
            for block in (*heading(condition, facts=facts), _figure(condition, facts=facts))
        ]


def _grid_values(condition: Condition) -> NDArray[np.float64]:
    return condition.grid(condition.main_metric).values


def _figure(condition: Condition, *, facts: ReportFacts) -> FigureBlock:
    whole = condition.grid(condition.main_metric)
    grid = _thinned(whole)
    centred = _thinned(replace(whole, values=_centred(whole.values))).values
    has_deviation = grid.num_subjects > 1

    def draw(canvas: Canvas) -> Figure:
        panel_height = min(max(15 * grid.num_subjects, 80), 260)
        num_rows = 2 if has_deviation else 1
        length = 10 if canvas.is_narrow else MAX_LABEL
        left = 30 + max(label_width(short_label(seed, most=length), canvas=canvas) for seed in grid.subjects)
        figure, panels = new_axes(
            canvas, height=num_rows * (panel_height + 62) + 8, rows=num_rows, left=left, right=BAR_SPACE, gap_y=62
        )
        parts = [(grid.values, _value_range(grid.values), with_unit(condition.main_metric))]
        if has_deviation:
            parts.append((centred, _deviation_range(centred), "minus the mean over seeds"))
        for axes, (values, colors, title) in zip(panels, parts, strict=True):
            plot_heat_map(
                axes,
                values,
                rows=grid.subjects,
                columns=grid.levels,
                row_name=short_label(condition.subject),
                column_name=short_label(condition.within),
                colors=colors,
                label_length=length,
            )
            axes.set_title(title)
        return figure

    return FigureBlock(
        name=block_name("heat-map", condition=condition, facts=facts),
        caption=_caption(condition, facts=facts),
        alt=_alt(condition, grid=grid, centred=centred),
        draw=draw,
        table=_table(condition, facts=facts),
    )


def _thinned(grid: Grid) -> Grid:
    """At most 100 seeds and 200 levels, evenly chosen: more cells than these are smaller than a dot of a screen."""
    rows = even_places(grid.num_subjects, most=MAX_DRAWN_SEEDS)
    columns = even_places(grid.num_levels, most=MAX_DRAWN_LEVELS)
    return Grid(
        values=grid.values[np.ix_(rows, columns)],
        subjects=tuple(grid.subjects[row] for row in rows),
        levels=tuple(grid.levels[column] for column in columns),
    )


def _centred(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each cell minus the mean of its level, shape (num_seeds, num_levels)."""
    known = np.isfinite(values)
    counts = known.sum(axis=0)
    sums = np.where(known, values, 0.0).sum(axis=0)
    return values - np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _value_range(values: NDArray[np.float64]) -> ColorRange:
    """The range from the second level on, since the initial state would take all the colours."""
    later = values[:, 1:] if np.isfinite(values[:, 1:]).any() else values
    known = later[np.isfinite(later)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return ColorRange(low, high)


def _is_first_beyond(values: NDArray[np.float64]) -> bool:
    """Whether the first level holds a value that the colours do not span."""
    colors, first = _value_range(values), values[:, 0][np.isfinite(values[:, 0])]
    return bool(((first < colors.low) | (first > colors.high)).any())


def _deviation_range(values: NDArray[np.float64]) -> ColorRange:
    largest = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    return ColorRange(-largest, largest)


def _caption(condition: Condition, *, facts: ReportFacts) -> str:
    grid = condition.grid(condition.main_metric)
    gaps = int((~np.isfinite(grid.values)).sum())
    unit = unit_of(condition.main_metric)
    text = (
        f"{of_condition(condition, facts=facts)}{column_title(condition.main_metric)} of "
        f"{counted(grid.num_subjects, 'seed')} at "
        f"{condition.levels_text(grid.num_levels)}{f', in {unit}' if unit else ''}; light is high."
    )
    if _is_first_beyond(grid.values):
        text += (
            f" The colours span the values from the second {condition.level_noun} on; the first takes the nearest one."
        )
    if grid.num_subjects > 1:
        over = "the seeds that have it" if gaps else f"n = {grid.num_subjects}"
        text += (
            f" Below: each cell minus the mean of its {condition.level_noun} over {over}. A row of "
            "one colour is a seed that lies apart all along; a column of mixed colours is spread."
        )
    if grid.num_subjects > MAX_DRAWN_SEEDS or grid.num_levels > MAX_DRAWN_LEVELS:
        text += (
            f" Drawn are at most {MAX_DRAWN_SEEDS} seeds and {MAX_DRAWN_LEVELS} {condition.level_noun}s, evenly chosen."
        )
    if gaps:
        text += f" Grey: {counted(gaps, 'cell')} without a value."
    return sentence(text)


def _alt(condition: Condition, *, grid: Grid, centred: NDArray[np.float64]) -> str:
    text = f"Heat map of {column_title(condition.main_metric)}, {condition.subject} by {condition.within}."
    if grid.num_subjects < 2 or not np.isfinite(centred).any():
        return text
    row, column = np.unravel_index(int(np.nanargmax(np.abs(centred))), centred.shape)
    farthest = quantity(float(centred[row, column]), metric=condition.main_metric)
    return (
        f"{text} The cell farthest from its mean is {condition.subject} {grid.subjects[row]} at "
        f"{condition.at(grid.levels[column])}: {farthest} from it."
    )


def _table(condition: Condition, *, facts: ReportFacts) -> TableBlock:
    """Levels as rows, seeds as columns; beyond 24 seeds one row per cell of the extremes would not help, so none."""
    grid = condition.grid(condition.main_metric)
    shown = grid.subjects[:MAX_TABLE_COLUMNS]
    rest = grid.num_subjects - len(shown)
    return TableBlock(
        name=block_name("cells", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text=f"{with_unit(condition.main_metric)} by {condition.within} (rows) "
            f"and {condition.subject} (columns); n = 1 per "
            f"cell.{f' {rest:,} more seeds are in the source table.' if rest else ''}",
        ),
        columns=(condition.within, *(str(subject) for subject in shown)),
        rows=tuple(
            (str(level), *(number(float(value)) for value in grid.values[: len(shown), place]))
            for place, level in enumerate(grid.levels)
        ),
    )
