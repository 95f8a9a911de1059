"""Draw every seed's trajectory thin, and their mean with its band."""

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from numpy.typing import NDArray

from analysis.figures.bands import Band
from analysis.figures.canvas import POINTS_PER_INCH, short_label
from analysis.figures.level_axis import LevelAxis
from analysis.figures.style import CALM, INK, MAX_NAMED_SEEDS, PAPER, SeriesStyle, series_style
from analysis.grid import Grid

__all__ = [
    "MAX_LINES",
    "first_is_far",
    "look_past_first_level",
    "plot_mean",
    "plot_minimum",
    "plot_trajectories",
]

MAX_LINES = 60
"""Above this many seeds, ranges stand for the lines."""
MIN_LEVELS_PAST_FIRST = 4
RING_TO_TEXT, TEXT_TO_AXIS = 9.0, 5.0
"""Points from the lowest value, which the ring may surround, to the words below it, and from these to the axis."""
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
    axes.set_ymargin(0.08)
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


def plot_minimum(axes: Axes, band: Band, *, axis: LevelAxis, lowest_drawn: float, text: str) -> Axes:
    """A ring around the lowest mean and what it is, in words below all that is drawn.

    Args:
        axes: Where to draw, with everything else drawn in it and in axes that share its scale.
        band: Shape (num_levels,), with a finite mean among the levels drawn.
        axis: Where the levels stand.
        lowest_drawn: The lowest value in these axes, of a seed or of a mean.
        text: Written below the ring.
    """
    means = band.mean[axis.shown]
    if not np.isfinite(means).any():
        return axes
    lowest = int(np.nanargmin(means))
    place = axis.places[axis.shown][lowest]
    axes.plot([place], [means[lowest]], "o", markersize=9, markerfacecolor="none", markeredgecolor=INK, zorder=5)
    _make_room_below(axes, lowest_drawn)
    is_late = lowest > len(means) / 2
    axes.annotate(
        text,
        (place, lowest_drawn),
        xytext=(-8 if is_late else 8, -RING_TO_TEXT),
        textcoords="offset points",
        ha="right" if is_late else "left",
        va="top",
        color=INK,
    )
    return axes


def look_past_first_level(axes: Axes, grid: Grid, *, axis: LevelAxis) -> Axes:
    """Leave the first level beyond the axis where `first_is_far` says so.

    Args:
        axes: With the trajectories drawn.
        grid: Values, shape (num_seeds, num_levels), gaps as NaN.
        axis: Where the levels stand.
    """
    if first_is_far(grid, axis=axis):
        later = grid.values[:, axis.shown][:, 1:]
        low, high = float(np.nanmin(later)), float(np.nanmax(later))
        margin = 0.08 * (high - low)
        axes.set_ylim(low - margin, high + margin)
    return axes


def first_is_far(grid: Grid, *, axis: LevelAxis) -> bool:
    """Whether the first level lies so far above the rest that it would flatten all of it.

    Args:
        grid: Values, shape (num_seeds, num_levels), gaps as NaN.
        axis: Where the levels stand; a log axis has no place for an initial state.
    """
    values = grid.values[:, axis.shown]
    first, later = values[:, :1], values[:, 1:]
    is_short = values.shape[1] < MIN_LEVELS_PAST_FIRST
    if axis.is_log or is_short or not np.isfinite(first).any() or not np.isfinite(later).any():
        return False
    low, high = float(np.nanmin(later)), float(np.nanmax(later))
    return float(np.nanmax(first)) > high + (high - low)


def _make_room_below(axes: Axes, value: float) -> None:
    """Lower the axis until a line of text fits between the value and it."""
    low, high = axes.get_ylim()
    height = axes.get_window_extent().height * POINTS_PER_INCH / axes.figure.dpi
    needed = RING_TO_TEXT + TEXT_TO_AXIS + 1.2 * rcParams["font.size"]
    if (value - low) / (high - low) * height < needed < height:
        axes.set_ylim((value - high * needed / height) / (1 - needed / height), high)


def _fill_ranges(axes: Axes, places: NDArray[np.float64], values: NDArray[np.float64]) -> None:
    held = np.isfinite(values).any(axis=0)
    for outer, alpha, label in (((0, 100), 0.35, "all seeds"), ((25, 75), 0.6, "middle half of the seeds")):
        low, high = (np.nanpercentile(values[:, held], q, axis=0) for q in outer)
        axes.fill_between(places[held], low, high, color=CALM, alpha=alpha, linewidth=0, label=label)
