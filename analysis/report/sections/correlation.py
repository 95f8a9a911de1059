"""Show how the levels go together over the seeds, and so how far sphericity fails."""

from collections.abc import Sequence
from typing import final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.figures.canvas import Canvas, new_axes
from analysis.figures.heat_map import BAR_SPACE, ColorRange, even_places, plot_heat_map
from analysis.grid import Grid
from analysis.report.blocks import Block, FigureBlock, Paragraph
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, caption, column_title, heading, of_condition
from analysis.report.numbers import is_defined, number, quantity, share, unit_of, why
from analysis.report.section import AbstractSection

__all__ = ["Correlation"]

MIN_SEEDS = 3
MAX_LEVELS = 60
"""More levels than these are drawn evenly thinned."""


@final
class Correlation(AbstractSection):
    """Correlations between levels, and the SD of their differences."""

    id = "correlation"
    title = "Whether sphericity holds"

    def is_there(self, facts: ReportFacts) -> bool:
        """Whether three seeds and three levels are there."""
        return any(_is_drawable(condition) for condition in facts.drawn_conditions)

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """A sentence on what sphericity asks and a figure, for each condition."""
        return [
            block
            for condition in facts.drawn_conditions
            if _is_drawable(condition)
            for block in (
                *heading(condition, facts=facts),
                _what_it_asks(condition, facts=facts),
                _figure(condition, facts=facts),
            )
        ]


def _is_drawable(condition: Condition) -> bool:
    grid = condition.used_grid(condition.main_metric)
    return grid.num_subjects >= MIN_SEEDS and grid.num_levels >= 3


def _what_it_asks(condition: Condition, *, facts: ReportFacts) -> Paragraph:
    anova = condition.main["rm_anova"]
    if not is_defined(anova):
        return Paragraph(caption(condition, facts=facts, text=f"there is no F here: {condition.said(why(anova))}"))
    epsilon = anova["epsilon"]
    ceiling = (
        f", and with {condition.num_subjects} seeds it cannot exceed {share(epsilon['gg_ceiling'])} whatever "
        "the truth is"
        if epsilon["gg_ceiling"] < 1
        else ""
    )
    return Paragraph(
        f"{of_condition(condition, facts=facts)}An uncorrected F asks that the difference between any two "
        f"{condition.level_noun}s has the same variance over the seeds. Neighbours on one trajectory mostly "
        "differ less than distant ones, so that it seldom has. "
        "Greenhouse and Geisser's epsilon measures this: 1 would be sphericity, here it is "
        f"{share(epsilon['gg'])}{ceiling}."
    )


def _figure(condition: Condition, *, facts: ReportFacts) -> FigureBlock:
    grid = _thinned(condition.used_grid(condition.main_metric))
    correlations, differences = _correlations(grid.values), _difference_sd(grid.values)
    unit = unit_of(condition.main_metric)

    def draw(canvas: Canvas) -> Figure:
        is_stacked = canvas.is_narrow
        figure, panels = new_axes(
            canvas,
            height=640 if is_stacked else 312,
            rows=2 if is_stacked else 1,
            columns=1 if is_stacked else 2,
            left=48,
            right=BAR_SPACE,
            gap_x=112,
        )
        largest = float(np.nanmax(differences, initial=0.0)) or 1.0
        parts = (
            (correlations, ColorRange(-1, 1), f"correlation between {condition.level_noun}s"),
            (differences, ColorRange(0, largest), f"SD of differences{f' ({unit})' if unit else ''}"),
        )
        for axes, (values, colors, title) in zip(panels, parts, strict=True):
            plot_heat_map(
                axes,
                values,
                rows=grid.levels,
                columns=grid.levels,
                row_name=condition.within,
                column_name=condition.within,
                colors=colors,
            )
            axes.set_title(title)
        return figure

    return FigureBlock(
        name=block_name("correlation", condition=condition, facts=facts),
        caption=_caption(condition, grid=grid, facts=facts),
        alt=_alt(condition, grid=grid, differences=differences),
        draw=draw,
    )


def _thinned(grid: Grid) -> Grid:
    places = even_places(grid.num_levels, most=MAX_LEVELS)
    levels = tuple(grid.levels[place] for place in places)
    return Grid(values=grid.values[:, places], subjects=grid.subjects, levels=levels)


def _correlations(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson's, over seeds, shape (num_levels, num_levels); NaN for a level at which all seeds agree."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.corrcoef(values, rowvar=False))


def _difference_sd(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """SD (n - 1) over seeds of level a minus level b, shape (num_levels, num_levels); its diagonal has no meaning."""
    covariance = np.cov(values, rowvar=False)
    variance = np.diag(covariance)
    sd = np.sqrt(np.maximum(variance[:, None] + variance[None, :] - 2 * covariance, 0))
    np.fill_diagonal(sd, np.nan)
    return sd


def _caption(condition: Condition, *, grid: Grid, facts: ReportFacts) -> str:
    num_levels = condition.used_grid(condition.main_metric).num_levels
    levels = condition.levels_text(num_levels)
    thinned = f" {grid.num_levels} of {levels}, evenly chosen." if grid.num_levels < num_levels else ""
    return caption(
        condition,
        facts=facts,
        text="left (first), Pearson's correlation of "
        f"{column_title(condition.main_metric)} between {condition.level_noun}s over n = {grid.num_subjects} "
        "seeds; right (second), the SD over them of the difference between two "
        f"{condition.level_noun}s. Under sphericity the second would have one colour. "
        f"From {grid.num_subjects} seeds each correlation is rough; the pattern is what counts. "
        f"Grey: undefined.{thinned}",
    )


def _alt(condition: Condition, *, grid: Grid, differences: NDArray[np.float64]) -> str:
    near = float(np.nanmedian(np.diag(differences, k=1)))
    low, high = float(np.nanmin(differences)), float(np.nanmax(differences))
    metric = condition.main_metric
    return (
        f"Two heat maps of {grid.num_levels} by {condition.levels_text(grid.num_levels)}. The SD of a difference is "
        f"{quantity(near, metric=metric)} between neighbours (median) and ranges from {number(low)} to {number(high)}."
    )
