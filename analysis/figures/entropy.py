"""Draw the parts of the cross entropy, over training and over the size of the model."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from analysis.figures.steps import dress_steps
from analysis.figures.style import INK, PAPER, series_style

__all__ = ["PART_TITLES", "plot_parts", "plot_scaling"]

PART_TITLES = {
    "cross_entropy": "cross entropy",
    "error_entropy": "error entropy",
    "self_alignment": "self-alignment",
    "minus_log_norm": "− log norm",
}


def plot_parts(axes: Axes, table: pd.DataFrame) -> Axes:
    """The loss and its three parts, mean over seeds, and each seed thin.

    Args:
        axes: Where to draw.
        table: Rows of `entropy.parquet` of one condition.
    """
    for position, (part, title) in enumerate(PART_TITLES.items()):
        style = series_style(position)
        color = INK if part == "cross_entropy" else style.color
        values = _grid(table, part)
        axes.plot(values.columns, values.to_numpy().T, color=color, linewidth=0.5, alpha=0.5)
        axes.plot(
            values.columns,
            values.mean(),
            color=color,
            marker=style.marker,
            markersize=3.6,
            markerfacecolor=PAPER,
            linewidth=1.8,
            label=title,
        )
    return dress_steps(axes)


def plot_scaling(axes: Axes, *, sizes: Sequence[int], values: Mapping[str, Mapping[int, Sequence[float]]]) -> Axes:
    """Each part's absolute value at the end of training against the size, on logarithmic axes, with its fit.

    Args:
        axes: Where to draw.
        sizes: Non-embedding parameters of each condition.
        values: By part, then by seed, one value for each condition. A part that changes its sign gets no line.
    """
    order = np.argsort(sizes)
    places = np.asarray(sizes, dtype=float)[order]
    for position, (part, by_seed) in enumerate(values.items()):
        style = series_style(position)
        color = INK if part == "cross_entropy" else style.color
        grid = np.array(list(by_seed.values()))[:, order]
        for row, label in zip(grid, (PART_TITLES[part], *[None] * len(grid)), strict=False):
            axes.plot(places, np.abs(row), style.marker, color=color, markersize=4, markerfacecolor="none", label=label)
        means = grid.mean(axis=0)
        if (np.sign(grid) == np.sign(grid[0, 0])).all():
            slope, offset = np.polyfit(np.log(places), np.log(np.abs(means)), 1)
            axes.plot(places, np.exp(offset + slope * np.log(places)), color=color)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(places, [_short(place) for place in places])
    axes.xaxis.set_minor_formatter(NullFormatter())
    # The house style writes no formulas, which powers of ten would be.
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("non-embedding parameters")
    axes.set_ylabel("absolute value (nats)")
    axes.grid(axis="y")
    return axes


def _grid(table: pd.DataFrame, part: str) -> pd.DataFrame:
    column = "log_norm_nats" if part == "minus_log_norm" else f"{part}_nats"
    grid = table.pivot(index="seed", columns="step", values=column)
    return -grid if part == "minus_log_norm" else grid


def _short(count: float) -> str:
    return f"{count / 1e6:.3g}M" if count >= 1e6 else f"{count / 1e3:.3g}K"
