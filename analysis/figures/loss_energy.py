"""Draw held-out loss against energy, one line per condition."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from analysis.figures.canvas import short_label
from analysis.figures.style import INK, series_style

__all__ = ["plot_loss_energy"]


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def plot_loss_energy(axes: Axes, frontier: Sequence[Mapping[str, Any]]) -> Axes:
    """Means over seeds, joined by condition; rings mark the points that no other one beats in both.

    Args:
        axes: Where to draw.
        frontier: The key `frontier` of the energy part; points without energy are left out.
    """
    conditions = list(dict.fromkeys(point["condition"] for point in frontier))
    for place, condition in enumerate(conditions):
        style = series_style(place)
        points = [point for point in frontier if point["condition"] == condition and point["kilojoules"] > 0]
        axes.plot(
            [point["kilojoules"] for point in points],
            [point["val_loss"] for point in points],
            color=style.color,
            marker=style.marker,
            linestyle=style.dash,
            markersize=4,
            label=short_label(condition),
        )
    best = [point for point in frontier if point["is_on_frontier"] and point["kilojoules"] > 0]
    axes.plot(
        [point["kilojoules"] for point in best],
        [point["val_loss"] for point in best],
        color=INK,
        marker="o",
        linestyle="none",
        markersize=9,
        markerfacecolor="none",
        label="frontier",
    )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda kilojoules, _: f"{kilojoules:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("energy per run (kJ)")
    axes.set_ylabel("held-out loss (nats per token)")
    axes.legend(frameon=False)
    return axes
