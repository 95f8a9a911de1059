"""Draw differences with their intervals, one row each, about a line at zero."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from analysis.figures.style import CALM, GRID, INK, SERIES

__all__ = ["ForestRow", "forest_limits", "plot_forest"]


@dataclass(frozen=True, slots=True)
class ForestRow:
    """A difference and its interval; both ends NaN where there is none."""

    label: str
    mean: float
    low: float
    high: float
    is_filled: bool
    """Whether its dot stands out, as one whose interval excludes zero."""


def plot_forest(axes: Axes, rows: Sequence[ForestRow], *, label: str, limits: tuple[float, float]) -> Axes:
    """Each difference as a dot with its interval, from the top.

    A row beyond the limits is an arrow at the edge with its value.

    Args:
        axes: Where to draw.
        rows: At least one.
        label: What is measured, with its unit.
        limits: Of the axis.
    """
    axes.axvline(0, color=CALM, linewidth=1)
    for place, row in enumerate(rows):
        if limits[0] <= row.mean <= limits[1]:
            fill = SERIES[0] if row.is_filled else "none"
            axes.plot([row.low, row.high], [place, place], color=SERIES[0], linewidth=1.6, solid_capstyle="butt")
            axes.plot([row.mean], [place], "o", markersize=4.5, markerfacecolor=fill, markeredgecolor=SERIES[0])
        elif np.isfinite(row.mean):
            _point_outside(axes, row, place=place, limits=limits)
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(*limits)
    axes.set_xlabel(label)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=GRID)
    return axes


def forest_limits(rows: Sequence[ForestRow]) -> tuple[float, float]:
    """An axis for all rows, but for the first if it lies so far out that it would flatten the rest."""
    ends = np.array([[row.low, row.high, row.mean, 0.0] for row in rows])
    later = ends[1:] if len(ends) > 3 else ends
    low, high = float(np.nanmin(later)), float(np.nanmax(later))
    lowest, highest = float(np.nanmin(ends)), float(np.nanmax(ends))
    if highest - lowest <= 2 * (high - low):
        low, high = lowest, highest
    margin = 0.06 * ((high - low) or 1.0)
    return (low - margin, high + margin)


def _point_outside(axes: Axes, row: ForestRow, *, place: int, limits: tuple[float, float]) -> None:
    is_right = row.mean > limits[1]
    edge = limits[1] if is_right else limits[0]
    axes.plot([edge], [place], ">" if is_right else "<", color=SERIES[0], markersize=6, clip_on=False)
    text = f"{row.mean:+.2f}".replace("-", "\N{MINUS SIGN}")
    axes.annotate(
        text,
        (edge, place),
        xytext=(-8 if is_right else 8, 0),
        textcoords="offset points",
        ha="right" if is_right else "left",
        va="center",
        color=INK,
    )
