"""What the sections on trends share: their summary, and panels side by side over one legend."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.canvas import Canvas, new_axes
from analysis.figures.legend import add_legend, legend_shape
from analysis.report.facts import ReportFacts
from configs.errors import TableError

__all__ = ["draw_panels", "mean_and_band", "mean_and_bar", "read_trends"]


# Any: the tree of trends.json mixes numbers, sentences and lists.
def read_trends(facts: ReportFacts) -> dict[str, Any]:
    """The tree of trends.json.

    Raises:
        TableError: If it cannot be read.
    """
    path = facts.paths.probes.summary("trends")
    try:
        summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TableError(f"{path} cannot be read: {error}; probe trends again.") from error
    return summary


def mean_and_band(num_seeds: int) -> str:
    """What lines and bands are; one seed has neither mean nor band."""
    if num_seeds == 1:
        return "Lines: the one seed."
    return f"Lines: mean over seeds (n = {num_seeds}); bands: 95 % t interval over seeds."


def mean_and_bar(num_seeds: int) -> str:
    """The same where every condition is one mark."""
    if num_seeds == 1:
        return "Marks: the one seed."
    return f"Marks: mean over seeds (n = {num_seeds}); bars: 95 % t interval over seeds."


def draw_panels(
    canvas: Canvas, *, panels: Sequence[tuple[str, Callable[[Axes], Axes]]], conditions: Sequence[str]
) -> Figure:
    """One panel for each plot, three beside each other where there is room.

    Args:
        canvas: How wide.
        panels: Titles and plots.
        conditions: For the legend.
    """
    num_columns = 1 if canvas.is_narrow else min(3, len(panels))
    num_rows = -(-len(panels) // num_columns)
    shape = legend_shape(conditions, canvas=canvas)
    figure, axes = new_axes(
        canvas,
        height=250 * num_rows + shape.height,
        rows=num_rows,
        columns=num_columns,
        bottom=50 + shape.height,
        gap_x=58,
        gap_y=74,
    )
    for one, (title, plot) in zip(axes, panels, strict=False):
        drawn: Axes = plot(one)
        drawn.set_title(title)
    for one in axes[len(panels) :]:
        one.set_axis_off()
    add_legend(axes[0], shape=shape)
    return figure
