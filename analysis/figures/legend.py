"""Put a legend under the panels, in as many rows as its names need."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from analysis.figures.canvas import Canvas, label_width

__all__ = ["LegendShape", "add_legend", "legend_shape"]

KEY_WIDTH = 46
"""Points of a line sample and the gaps about it."""
ROW_HEIGHT = 17


@dataclass(frozen=True, slots=True)
class LegendShape:
    """Columns of a legend and the height that it takes, in points."""

    num_columns: int
    height: float


def legend_shape(labels: Sequence[str], *, canvas: Canvas) -> LegendShape:
    """As many columns as fit; all have the width of the longest label.

    Args:
        labels: At least one.
        canvas: How wide the figure is.
    """
    entry = KEY_WIDTH + max(label_width(label, canvas=canvas) for label in labels)
    num_columns = max(1, min(len(labels), int(canvas.width // entry)))
    return LegendShape(num_columns=num_columns, height=8 + ROW_HEIGHT * -(-len(labels) // num_columns))


def add_legend(axes: Axes, *, shape: LegendShape) -> Axes:
    """Name what is drawn in these axes, at the lower edge of their figure.

    Args:
        axes: Whose lines have labels.
        shape: For which the figure has left room below.
    """
    handles, labels = axes.get_legend_handles_labels()
    axes.figure.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(0, 0),
        ncols=shape.num_columns,
        borderaxespad=0,
        borderpad=0.2,
        columnspacing=1.0,
        labelspacing=0.3,
    )
    return axes
