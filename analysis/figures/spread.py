"""Draw how far the seeds lie apart along the trajectory."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from analysis.between_seeds import BetweenSeeds
from analysis.figures.level_axis import LevelAxis
from analysis.figures.style import SERIES

__all__ = ["plot_spread"]


def plot_spread(axes: Axes, spread: Sequence[BetweenSeeds], *, axis: LevelAxis) -> Axes:
    """The standard deviation over seeds at each level, with its chi-squared interval as a band.

    Args:
        axes: Where to draw.
        spread: One per level of `axis`; levels without a spread are left out.
        axis: Where the levels stand.
    """
    rows = spread[axis.shown]
    sd, low, high = (
        np.array([value if isinstance(value, float) else np.nan for value in values])
        for values in (
            [row.sd for row in rows],
            [row.sd_ci95_low for row in rows],
            [row.sd_ci95_high for row in rows],
        )
    )
    places = axis.places[axis.shown]
    axes.fill_between(places, low, high, color=SERIES[0], alpha=0.18, linewidth=0, label="95 % chi-squared interval")
    marker = "o" if len(places) < 40 else ""
    axes.plot(places, sd, color=SERIES[0], linewidth=1.6, marker=marker, markersize=3.5, label="SD over seeds")
    axis.dress(axes)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")
    return axes
