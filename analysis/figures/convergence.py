"""Draw how alike the predictions of all seeds are over training."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.canvas import short_label
from analysis.figures.steps import dress_steps
from analysis.figures.style import INK, PAPER, series_style
from analysis.t_interval import t_critical

__all__ = ["plot_class_convergence", "plot_convergence", "plot_references"]


def plot_convergence(axes: Axes, table: pd.DataFrame, *, borders: Sequence[tuple[str, int]]) -> Axes:
    """The expected convergence of every condition, with its 95 % t band where there are three seeds or more.

    Rings mark where phases meet.

    Args:
        axes: Where to draw.
        table: Rows of `convergence.parquet` of the class of all contexts.
        borders: Condition and step of each detected border.
    """
    for position, (condition, rows) in enumerate(table.groupby("condition", sort=False)):
        style = series_style(position)
        _line(axes, rows, style_position=position, label=short_label(condition))
        half_widths = t_critical(max(1, int(rows.num_seeds.iloc[0]) - 1)) * rows.jackknife_se
        low, high = rows.convergence_nats - half_widths, rows.convergence_nats + half_widths
        axes.fill_between(rows.step, low, high, color=style.color, alpha=0.18, linewidth=0)
        steps = [step for name, step in borders if name == condition]
        marked = rows[rows.step.isin(steps)]
        axes.plot(marked.step, marked.convergence_nats, "o", markersize=9, markerfacecolor="none", markeredgecolor=INK)
    axes.set_ylabel("convergence (nats)")
    return dress_steps(axes)


def plot_references(axes: Axes, table: pd.DataFrame) -> Axes:
    """KL from every condition's models to the uniform and, where it is known, to the unigram distribution.

    Conditions have the colours and markers of `plot_convergence`, whose legend names them.

    Args:
        axes: Where to draw.
        table: Rows of `convergence.parquet` of the class of all contexts.
    """
    kinds = {"uniform": ":", "unigram": "-"} if table.kl_to_unigram_nats.notna().any() else {"uniform": ":"}
    for kind, dash in kinds.items():
        axes.plot([], [], color=INK, linestyle=dash, label=kind)
        for position, (_, rows) in enumerate(table.groupby("condition", sort=False)):
            style = series_style(position)
            axes.plot(
                rows.step,
                rows[f"kl_to_{kind}_nats"],
                color=style.color,
                linestyle=dash,
                marker=style.marker,
                markersize=3,
                markerfacecolor=PAPER,
                markeredgewidth=0.8,
            )
    axes.set_ylabel("KL from the model (nats)")
    return dress_steps(axes)


def plot_class_convergence(axes: Axes, table: pd.DataFrame, *, labels: Mapping[str, str]) -> Axes:
    """The expected convergence of some classes of contexts under one condition.

    Args:
        axes: Where to draw.
        table: Rows of one condition and one class system.
        labels: The classes to draw, each with its name in the legend, in that order.
    """
    for position, (name, label) in enumerate(labels.items()):
        rows = table[table["class"] == name]
        _line(axes, rows, style_position=position, label=f"{label} ({int(rows.num_contexts.iloc[0]):,})")
    axes.set_ylabel("convergence (nats)")
    return dress_steps(axes)


def _line(axes: Axes, rows: pd.DataFrame, *, style_position: int, label: str) -> None:
    style = series_style(style_position)
    axes.plot(
        rows.step,
        rows.convergence_nats,
        color=style.color,
        linestyle=style.dash,
        marker=style.marker,
        markersize=3.6,
        markerfacecolor=PAPER,
        markeredgewidth=0.8,
        linewidth=1.4,
        label=label,
    )
