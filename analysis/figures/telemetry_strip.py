"""Draw steps, volatility and backslides along the trajectory, each beside what noise alone would give."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from analysis.figures.canvas import short_label
from analysis.figures.level_axis import LevelAxis
from analysis.figures.style import CALM, INK, MAX_NAMED_SEEDS, MUTED, PAPER, SERIES, series_style
from analysis.figures.trajectories import plot_trajectories
from analysis.grid import Grid

__all__ = ["delta_limits", "plot_backslides", "plot_deltas", "plot_volatility"]

MAX_DOTS = 600
"""More changes than these are drawn as lines."""
MAX_RINGS = 120


def plot_deltas(axes: Axes, deltas: Grid, *, axis: LevelAxis, noise_floor: float | None) -> Axes:
    """Each seed's change from level to level, about zero, with the noise floor as a grey band.

    Args:
        axes: Where to draw.
        deltas: Shape (num_seeds, num_levels), gaps as NaN.
        axis: Where the levels stand.
        noise_floor: Half width of the band; None where the noise is not known.
    """
    places = axis.places[axis.shown]
    if noise_floor is not None:
        axes.axhspan(-noise_floor, noise_floor, color=CALM, alpha=0.35, linewidth=0, label="noise floor")
    axes.axhline(0, color=CALM, linewidth=1)
    values = deltas.values[:, axis.shown]
    if values.size > MAX_DOTS:
        plot_trajectories(axes, deltas, axis=axis)
    else:
        for position, (seed, row) in enumerate(zip(deltas.subjects, values, strict=True)):
            style = series_style(position)
            is_named = deltas.num_subjects <= MAX_NAMED_SEEDS
            axes.plot(
                places,
                row,
                style.marker if is_named else ".",
                color=style.color if is_named else MUTED,
                markerfacecolor=PAPER,
                markersize=4,
                markeredgewidth=0.9,
                label=short_label(seed) if is_named else None,
            )
    axis.dress(axes)
    axes.set_ylim(*delta_limits(values, noise_floor=noise_floor or 0.0))
    axes.grid(axis="y")
    return axes


def plot_volatility(axes: Axes, volatility: Grid, *, axis: LevelAxis, noise_floor: float | None) -> Axes:
    """Each seed's rolling volatility on a log scale, with the volatility of noise alone as a dashed line.

    Args:
        axes: Where to draw.
        volatility: Shape (num_seeds, num_levels), undefined as NaN.
        axis: Where the levels stand.
        noise_floor: One standard error of a change; None where it is not known.
    """
    plot_trajectories(axes, volatility, axis=axis)
    axes.set_ymargin(0.14)
    if np.nanmin(volatility.values, initial=np.inf) > 0:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    if noise_floor:
        axes.axhline(noise_floor, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    return axes


def plot_backslides(
    axes: Axes, *, axis: LevelAxis, every: NDArray[np.int64], beyond: NDArray[np.int64] | None, num_seeds: int
) -> Axes:
    """How many seeds got worse at each level: all of them hollow, those beyond the noise floor filled.

    Args:
        axes: Where to draw.
        axis: Where the levels stand.
        every: Seeds with a change above zero, shape (num_levels,).
        beyond: Seeds with one beyond the noise, same shape; None where the noise is not known.
        num_seeds: The most there can be.
    """
    places = axis.places[axis.shown]
    axes.vlines(places, 0, every[axis.shown], color=MUTED, linewidth=1)
    if len(places) <= MAX_RINGS:
        # Not clipped: a ring at zero lies half below the axis.
        axes.plot(
            places,
            every[axis.shown],
            "o",
            markerfacecolor=PAPER,
            markeredgecolor=MUTED,
            markersize=5,
            clip_on=False,
            zorder=3,
        )
    if beyond is not None:
        held = beyond[axis.shown] > 0
        axes.plot(places[held], beyond[axis.shown][held], "D", color=SERIES[1], markersize=4, clip_on=False, zorder=4)
    axis.dress(axes)
    axes.set_ylim(0, num_seeds * 1.08)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.grid(axis="y")
    return axes


def delta_limits(values: NDArray[np.float64], *, noise_floor: float) -> tuple[float, float]:
    """The axis of `plot_deltas`: without the lowest quarter where the first drops would flatten all that follows.

    Args:
        values: The changes that are drawn, gaps as NaN.
        noise_floor: Half width of the band, 0 where there is none.
    """
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return (-1.0, 1.0)
    low = min(float(np.percentile(known, 25)), -noise_floor)
    high, lowest = max(float(known.max()), noise_floor), min(float(known.min()), -noise_floor)
    if high - lowest <= 2 * (high - low):
        low = lowest
    margin = 0.12 * max(high - low, 1e-12)
    return (low - margin, high + margin)
