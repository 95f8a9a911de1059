"""Draw a grid as coloured cells: one row per seed, or one per level."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from analysis.figures.canvas import CHARACTER_WIDTH, MAX_LABEL, short_label
from analysis.figures.style import GRID
from analysis.levels import Label

__all__ = ["BAR_SPACE", "ColorRange", "even_places", "plot_heat_map"]

# Its lightness rises evenly, so that it reads in grey; blue to yellow is safe for the colour-blind.
COLORS = "cividis"
MAX_ROW_LABELS = 24
MAX_COLUMN_LABELS = 11
BAR_SPACE = 64
"""Points to the right of the cells for the colour bar."""


@dataclass(frozen=True, slots=True)
class ColorRange:
    """What the darkest and the lightest colour stand for; values outside are shown as these."""

    low: float
    high: float


def plot_heat_map(
    axes: Axes,
    values: NDArray[np.float64],
    *,
    rows: Sequence[Label],
    columns: Sequence[Label],
    row_name: str,
    column_name: str,
    colors: ColorRange,
    label_length: int = MAX_LABEL,
) -> Axes:
    """Each value as a cell, light for high, with a colour bar; a cell without a value is grey.

    Args:
        axes: Where to draw.
        values: Shape (num_rows, num_columns), gaps as NaN.
        rows: Names of the rows, from the top.
        columns: Names of the columns.
        row_name: What a row is.
        column_name: What a column is.
        colors: What the colours stand for.
        label_length: Of a row's name, in characters.
    """
    axes.set_facecolor(GRID)
    image = axes.imshow(
        np.ma.masked_invalid(values),
        aspect="auto",
        interpolation="nearest",
        cmap=COLORS,
        norm=Normalize(colors.low, colors.high, clip=True),
    )
    _name(axes, rows=[short_label(row, most=label_length) for row in rows], columns=columns)
    axes.set_xlabel(column_name)
    axes.set_ylabel(row_name)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    # A bar of fixed width beside the cells; the caller leaves `BAR_SPACE` points for it and its numbers.
    width = axes.get_window_extent().width
    bar = axes.figure.colorbar(image, cax=axes.inset_axes((1 + 8 / width, 0, 9 / width, 1)))
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0)
    bar.ax.yaxis.set_major_locator(MaxNLocator(nbins=5))
    return axes


def even_places(count: int, *, most: int) -> list[int]:
    """At most `most` places of `count`, evenly from the first to the last."""
    if count <= most:
        return list(range(count))
    return sorted({round(place) for place in np.linspace(0, count - 1, most)})


def _name(axes: Axes, *, rows: Sequence[str], columns: Sequence[Label]) -> None:
    row_places = range(0, len(rows), -(-len(rows) // MAX_ROW_LABELS))
    names = [short_label(column, most=8) for column in columns]
    column_places = range(0, len(columns), -(-len(columns) // _most_names(names, axes=axes)))
    axes.set_yticks(row_places, [rows[place] for place in row_places])
    axes.set_xticks(column_places, [names[place] for place in column_places])


def _most_names(names: Sequence[str], *, axes: Axes) -> int:
    """How many names fit side by side below the axes, with the width of a character between them."""
    name_width = CHARACTER_WIDTH * rcParams["xtick.labelsize"] * (max(map(len, names)) + 1)
    return max(1, min(MAX_COLUMN_LABELS, int(axes.get_window_extent().width / name_width)))
