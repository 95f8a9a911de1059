"""Sizes of figures: one for a page, one for a phone."""

import unicodedata
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = [
    "CHARACTER_WIDTH",
    "MAX_LABEL",
    "NARROW",
    "POINTS_PER_INCH",
    "WIDE",
    "Canvas",
    "label_width",
    "new_axes",
    "short_label",
]

POINTS_PER_INCH = 72
MAX_LABEL = 24
CHARACTER_WIDTH = 0.6
"""Of the font size, in DejaVu Sans, one of the wider fonts."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """A width and what is legible at it, in points: one point is one pixel of a figure shown at its own size."""

    name: str
    width: float
    font_size: float

    @property
    def is_narrow(self) -> bool:
        """Whether panels stand one below the other."""
        return self is NARROW


WIDE = Canvas(name="wide", width=720, font_size=12)
NARROW = Canvas(name="narrow", width=358, font_size=11)


def new_axes(
    canvas: Canvas,
    *,
    height: float,
    rows: int = 1,
    columns: int = 1,
    left: float = 58,
    right: float = 12,
    top: float = 26,
    bottom: float = 42,
    gap_x: float = 24,
    gap_y: float = 58,
    shares_y: bool = False,
    shares_x: bool = False,
    row_heights: tuple[float, ...] | None = None,
) -> tuple[Figure, list[Axes]]:
    """A figure and its axes, row by row. Margins and gaps are in points, so that they hold at every size.

    Args:
        canvas: How wide.
        height: Of the whole figure.
        rows: Of panels.
        columns: Of panels.
        left: Space for the labels of the first column; the other margins likewise.
        right: See `left`.
        top: See `left`.
        bottom: See `left`.
        gap_x: Between columns.
        gap_y: Between rows.
        shares_y: Whether all panels have one y axis.
        shares_x: Whether all panels have one x axis.
        row_heights: Relative heights of the rows.
    """
    figure = Figure(figsize=(canvas.width / POINTS_PER_INCH, height / POINTS_PER_INCH), dpi=POINTS_PER_INCH)
    inner_width = (canvas.width - left - right - gap_x * (columns - 1)) / columns
    inner_height = (height - top - bottom - gap_y * (rows - 1)) / rows
    axes = figure.subplots(
        rows,
        columns,
        squeeze=False,
        sharey=shares_y,
        sharex=shares_x,
        gridspec_kw={
            "left": left / canvas.width,
            "right": 1 - right / canvas.width,
            "top": 1 - top / height,
            "bottom": bottom / height,
            "wspace": gap_x / inner_width,
            "hspace": gap_y / inner_height,
            "height_ratios": row_heights,
        },
    )
    return figure, list(axes.ravel())


def short_label(name: object, *, most: int = MAX_LABEL) -> str:
    """A name as a figure can hold it: without control characters, and not longer than `most` characters."""
    text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(name))
    return text if len(text) <= most else text[: most - 1] + "…"


def label_width(text: str, *, canvas: Canvas) -> float:
    """About how many points a label takes; letters of scripts such as Chinese are twice as wide as Latin ones."""
    units = sum(2.0 if unicodedata.east_asian_width(character) in "WF" else 1.0 for character in text)
    return CHARACTER_WIDTH * canvas.font_size * units
