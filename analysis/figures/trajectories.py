"""Draw every seed's trajectory thin, and their mean with its band."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from analysis.figures.bands import Band
from analysis.figures.canvas import short_label
from analysis.figures.level_axis import LevelAxis
from analysis.figures.style import CALM, INK, MAX_NAMED_SEEDS, PAPER, SeriesStyle, series_style
from analysis.grid import Grid

__all__ = ["MAX_LINES", "look_past_first_level", "plot_mean", "plot_minimum", "plot_trajectories"]

MAX_LINES = 60
"""Above this many seeds, ranges stand for the lines."""
MIN_LEVELS_PAST_FIRST = 4
MEAN_STYLE = SeriesStyle(color=INK, marker="", dash="-")


def plot_trajectories(axes: Axes, grid: Grid, *, axis: LevelAxis) -> Axes:
    """Each seed as a thin line, up to 60; above that the range of all seeds and of their middle half.

    Args:
        axes: Where to draw.
        grid: Values, shape (num_seeds, num_levels), gaps as NaN.
        axis: Where the levels stand.
    """
    places, values = axis.places[axis.shown], grid.values[:, axis.shown]
    if grid.num_subjects > MAX_LINES:
        _fill_ranges(axes, places, values)
    elif grid.num_subjects > MAX_NAMED_SEEDS:
        axes.plot(places, values.T, color=CALM, linewidth=0.6, alpha=0.8)
    else:
        for position, (seed, row) in enumerate(zip(grid.subjects, values, strict=True)):
            style = series_style(position)
            axes.plot(
                places,
                row,
                color=style.color,
                linestyle=style.dash,
                marker=style.marker,
                markersize=3.6,
                markerfacecolor=PAPER,
                markeredgewidth=0.8,
                markevery=max(1, -(-len(places) // 24)),
                linewidth=0.8,
                label=short_label(seed),
            )
    axis.dress(axes)
    axes.grid(axis="y")
    # Below the lowest value there is room for what `plot_minimum` writes.
    axes.set_ymargin(0.14)
    return axes


def plot_mean(
    axes: Axes, band: Band, *, axis: LevelAxis, style: SeriesStyle = MEAN_STYLE, label: str = "mean, 95 % t band"
) -> Axes:
    """The mean over seeds as a strong line, with its band.

    Args:
        axes: Where to draw.
        band: Shape (num_levels,).
        axis: Where the levels stand.
        style: Of line and band.
        label: For the legend.
    """
    places = axis.places[axis.shown]
    axes.fill_between(places, band.low[axis.shown], band.high[axis.shown], color=style.color, alpha=0.18, linewidth=0)
    axes.plot(
        places,
        band.mean[axis.shown],
        color=style.color,
        linestyle=style.dash,
        linewidth=2.0,
        marker=style.marker or ("o" if len(places) == 1 else ""),
        markersize=5,
        markevery=max(1, -(-len(places) // 24)),
        label=label,
    )
    return axes


def plot_minimum(axes: Axes, band: Band, *, axis: LevelAxis, text: str) -> Axes:
    """A ring around the lowest mean and what it is.

    Args:
        axes: Where to draw.
        band: Shape (num_levels,), with a finite mean among the levels drawn.
        axis: Where the levels stand.
        text: Written beside the ring.
    """
    means = band.mean[axis.shown]
    if not np.isfinite(means).any():
        return axes
    lowest = int(np.nanargmin(means))
    place = axis.places[axis.shown][lowest]
    axes.plot([place], [means[lowest]], "o", markersize=9, markerfacecolor="none", markeredgecolor=INK, zorder=5)
    is_late = lowest > len(means) / 2
    axes.annotate(
        text,
        (place, means[lowest]),
        xytext=(-8 if is_late else 8, -14),
        textcoords="offset points",
        ha="right" if is_late else "left",
        va="top",
        color=INK,
    )
    return axes


def look_past_first_level(axes: Axes, grid: Grid, *, axis: LevelAxis) -> bool:
    """Leave the first level beyond the axis where it lies so far above the rest that it would flatten all of it.

    Args:
        axes: With the trajectories drawn.
        grid: Values, shape (num_seeds, num_levels), gaps as NaN.
        axis: Where the levels stand.

    Returns:
        Whether the first level drawn is now beyond the axis.
    """
    if axis.is_log:
        return False
    values = grid.values[:, axis.shown]
    first, later = values[:, :1], values[:, 1:]
    if values.shape[1] < MIN_LEVELS_PAST_FIRST or not np.isfinite(first).any() or not np.isfinite(later).any():
        return False
    low, high = float(np.nanmin(later)), float(np.nanmax(later))
    if float(np.nanmax(first)) <= high + (high - low):
        return False
    margin = 0.14 * (high - low)
    axes.set_ylim(low - margin, high + margin)
    return True


def _fill_ranges(axes: Axes, places: NDArray[np.float64], values: NDArray[np.float64]) -> None:
    held = np.isfinite(values).any(axis=0)
    for outer, alpha, label in (((0, 100), 0.35, "all seeds"), ((25, 75), 0.6, "middle half of the seeds")):
        low, high = (np.nanpercentile(values[:, held], q, axis=0) for q in outer)
        axes.fill_between(places[held], low, high, color=CALM, alpha=alpha, linewidth=0, label=label)
