"""Draw how alike the predictions of all seeds are over training."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.canvas import short_label
from analysis.figures.steps import dress_steps
from analysis.figures.style import INK, PAPER, series_style
from analysis.t_interval import t_critical

__all__ = ["plot_class_convergence", "plot_convergence", "plot_references"]


def plot_convergence(axes: Axes, table: pd.DataFrame, *, borders: Sequence[tuple[str, int]]) -> Axes:
    """The expected convergence of every condition with its 95 % t band over seeds, and rings where phases meet.

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
    """KL from every condition's models to the uniform and to the unigram distribution.

    Args:
        axes: Where to draw.
        table: Rows of `convergence.parquet` of the class of all contexts.
    """
    for position, (condition, rows) in enumerate(table.groupby("condition", sort=False)):
        style = series_style(position)
        label = short_label(condition)
        axes.plot(rows.step, rows.kl_to_uniform_nats, color=style.color, linestyle=":", label=f"{label}, uniform")
        if rows.kl_to_unigram_nats.notna().any():
            axes.plot(rows.step, rows.kl_to_unigram_nats, color=style.color, label=f"{label}, unigram")
    axes.set_ylabel("KL from the model (nats)")
    return dress_steps(axes)


def plot_class_convergence(axes: Axes, table: pd.DataFrame, *, classes: Sequence[str]) -> Axes:
    """The expected convergence of some classes of contexts under one condition.

    Args:
        axes: Where to draw.
        table: Rows of one condition and one class system.
        classes: Which of its classes, in the order of the legend.
    """
    for position, name in enumerate(classes):
        rows = table[table["class"] == name]
        num_contexts = int(rows.num_contexts.iloc[0]) if len(rows) else 0
        if np.isfinite(rows.convergence_nats.to_numpy(dtype=float)).any():
            _line(axes, rows, style_position=position, label=f"{short_label(name)} ({num_contexts:,})")
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
