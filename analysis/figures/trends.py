"""Draw classes of tokens, what becomes of them, texts by size and accuracy by loss."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, StrMethodFormatter
from numpy.typing import NDArray

from analysis.figures.canvas import short_label
from analysis.figures.style import MUTED, PAPER, SeriesStyle, series_style
from analysis.percent import percent
from analysis.t_interval import t_critical

__all__ = ["plot_accuracy", "plot_class_curves", "plot_class_shares", "plot_text_history", "plot_texts"]


def plot_class_shares(
    axes: Axes, shares: pd.DataFrame, *, conditions: Sequence[str], chance: Mapping[str, Sequence[float]]
) -> Axes:
    """Share of one class over where the trend starts: mean over seeds with a 95 % t band, and chance dotted.

    With a single start there is no axis to go along: conditions stand beside each other, with bars for bands.

    Args:
        axes: Where to draw.
        shares: Rows of trends.parquet of one rule and one class.
        conditions: In the order of their styles.
        chance: By condition, the share under scrambled phases at each start; empty for a class that is no trend.
    """
    has_one_start = shares["start_fraction"].nunique() == 1
    for position, condition in enumerate(conditions):
        style = series_style(position)
        grid = shares[shares["condition"] == condition].pivot(index="seed", columns="start_fraction", values="share")
        starts = 100 * grid.columns.to_numpy(dtype=float)
        levels = 100 * np.array(chance.get(condition, ()))
        if has_one_start:
            _bar(axes, position, 100 * grid.to_numpy().ravel(), style=style, label=condition)
            starts, levels = position + np.array([-0.3, 0.3]), np.tile(levels, 2)
        else:
            _band(axes, starts, 100 * grid.to_numpy(), style=style, label=condition)
        if len(levels):
            axes.plot(starts, levels, color=style.color, linestyle=":", linewidth=1.2)
    if has_one_start:
        axes.set_xticks([])
        axes.set_xlim(-0.5, len(conditions) - 0.5)
        axes.set_xlabel(f"from {percent(shares['start_fraction'].iloc[0])} of training on")
    else:
        axes.set_xlabel("start (% of training)")
    axes.set_ylabel("tokens (%)")
    axes.grid(axis="y")
    return axes


def plot_class_curves(axes: Axes, curves: pd.DataFrame, *, conditions: Sequence[str]) -> Axes:
    """Mean loss of chosen tokens over the mean loss of all, which falls to the right; one line for each condition.

    Args:
        axes: Where to draw.
        curves: Rows of trend_curves.parquet of one class and one choosing condition, initial states left out.
        conditions: In the order of their styles.
    """
    for position, condition in enumerate(conditions):
        style = series_style(position)
        rows = curves[curves["condition"] == condition].groupby("interval")
        mean = rows[["all_tokens_loss_nats", "mean_loss_nats"]].mean()
        _line(axes, mean["all_tokens_loss_nats"].to_numpy(), mean["mean_loss_nats"].to_numpy(), style, condition)
    axes.invert_xaxis()
    axes.set_xlabel("loss of all tokens (nats)")
    axes.set_ylabel("loss of chosen tokens (nats)")
    axes.grid(axis="y")
    return axes


def plot_texts(
    axes: Axes, rows: pd.DataFrame, *, conditions: Sequence[str], names: Mapping[str, str], xlabel: str
) -> Axes:
    """Loss of several sets of texts at the last interval: mean over seeds with its 95 % t interval.

    Args:
        axes: Where to draw.
        rows: Rows of trend_texts.parquet of the last intervals.
        conditions: In the order of their styles.
        names: The sets to draw, each with its label.
        xlabel: What tells the sets apart.
    """
    places = np.arange(len(names), dtype=float)
    for position, condition in enumerate(conditions):
        grid = rows[rows["condition"] == condition].pivot(index="seed", columns="texts", values="loss_nats")
        # A seed whose models wrote is in no set that they wrote, and so in none.
        values = grid.reindex(columns=list(names)).dropna().to_numpy()
        _band(axes, places, values, style=series_style(position), label=condition)
    axes.set_xticks(places, list(names.values()))
    axes.set_xlabel(xlabel)
    axes.set_ylabel("loss (nats per token)")
    axes.grid(axis="y")
    return axes


def plot_text_history(axes: Axes, rows: pd.DataFrame, *, conditions: Sequence[str]) -> Axes:
    """Loss of one set of texts over training: mean over seeds with its 95 % t band.

    Args:
        axes: Where to draw.
        rows: Rows of trend_texts.parquet of one set, initial states left out.
        conditions: In the order of their styles.
    """
    for position, condition in enumerate(conditions):
        grid = rows[rows["condition"] == condition].pivot(index="seed", columns="step", values="loss_nats")
        steps = grid.columns.to_numpy(dtype=float)
        _band(axes, steps, grid.to_numpy(), style=series_style(position), label=condition)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("optimizer steps")
    axes.set_ylabel("loss (nats per token)")
    axes.grid(axis="y")
    return axes


def plot_accuracy(axes: Axes, rows: pd.DataFrame, *, conditions: Sequence[str], chance: float) -> Axes:
    """Accuracy over loss, which falls to the right: one marker for each checkpoint of each seed, chance dashed.

    Args:
        axes: Where to draw.
        rows: Rows of trend_choices.parquet of one task.
        conditions: In the order of their styles.
        chance: Accuracy of guessing.
    """
    for position, condition in enumerate(conditions):
        style = series_style(position)
        one = rows[rows["condition"] == condition]
        axes.plot(
            one["mean_loss_nats"],
            100 * one["accuracy"],
            linestyle="",
            marker=style.marker,
            markersize=4,
            color=style.color,
            markerfacecolor=PAPER,
            label=short_label(condition),
        )
    axes.axhline(100 * chance, color=MUTED, linestyle="--", linewidth=1)
    axes.annotate("chance", (0.01, 100 * chance), xycoords=("axes fraction", "data"), xytext=(0, 3),
                  textcoords="offset points", color=MUTED)  # fmt: skip
    axes.invert_xaxis()
    axes.set_xlabel("loss of all tokens (nats)")
    axes.set_ylabel("accuracy (%)")
    axes.grid(axis="y")
    return axes


def _band(
    axes: Axes, places: NDArray[np.float64], values: NDArray[np.float64], *, style: SeriesStyle, label: str
) -> None:
    """Mean over seeds of (num_seeds, num_places), with a 95 % t band where there are two seeds."""
    if len(values) == 0:
        return
    is_known = np.isfinite(values).all(axis=0)
    places, values = places[is_known], values[:, is_known]
    mean, num_seeds = values.mean(axis=0), len(values)
    if num_seeds > 1:
        half = t_critical(num_seeds - 1) * values.std(axis=0, ddof=1) / np.sqrt(num_seeds)
        axes.fill_between(places, mean - half, mean + half, color=style.color, alpha=0.18, linewidth=0)
    _line(axes, places, mean, style, label)


def _bar(axes: Axes, place: float, values: NDArray[np.float64], *, style: SeriesStyle, label: str) -> None:
    """Mean over seeds of (num_seeds,), with its 95 % t interval where there are two seeds."""
    num_seeds = len(values)
    if num_seeds == 0:
        return
    half = t_critical(num_seeds - 1) * values.std(ddof=1) / np.sqrt(num_seeds) if num_seeds > 1 else None
    if half is not None:
        axes.vlines(place, values.mean() - half, values.mean() + half, color=style.color, linewidth=1.2)
    _line(axes, np.array([place]), values[:, None].mean(axis=0), style, label)


def _line(axes: Axes, places: NDArray[np.float64], values: NDArray[np.float64], style: SeriesStyle, label: str) -> None:
    axes.plot(
        places,
        values,
        color=style.color,
        marker=style.marker,
        markersize=4,
        markerfacecolor=PAPER,
        linewidth=1.4,
        label=short_label(label),
    )
