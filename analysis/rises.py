"""Measure how far each trajectory stands above the lowest point that it had reached."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.counts import Count, count_flags, indicator
from analysis.grid import Grid
from analysis.levels import Label
from analysis.rolling import deltas_of, drawdown_of
from analysis.undefined import Undefined, finite_or_undefined
from configs.telemetry import TelemetryConfig

__all__ = ["Rises", "SeedRises", "generalization_loss", "loss_ratio", "successive_rises", "summarize_rises"]

TOO_LARGE = "the lowest loss before is so near zero that the ratio exceeds all floating-point numbers"


@dataclass(frozen=True, slots=True)
class Peak:
    """The largest value of a measure along one trajectory, and its last."""

    largest: float | Undefined
    largest_level: Label | Undefined
    final: float | Undefined


@dataclass(frozen=True, slots=True)
class SeedRises:
    """One seed."""

    seed: Label
    drawdown: Peak
    """L_t - min over s <= t of L_s, in nats."""
    loss_ratio: Peak
    """L_t / min over s < t of L_s."""
    generalization_loss: Peak
    """Prechelt's GL, in percent."""
    successive_rises: Peak
    """Prechelt's UP: rises in a row that end at the level."""


@dataclass(frozen=True, slots=True)
class Rises:
    """All seeds, and how many cells lie above the ratio's threshold."""

    per_seed: tuple[SeedRises, ...]
    loss_ratio: Count


def summarize_rises(grid: Grid, *, telemetry: TelemetryConfig) -> Rises:
    """Sum up drawdown, loss ratio, GL and UP of every seed; what lies behind a gap is undefined.

    Args:
        grid: Losses, shape (num_seeds, num_levels), gaps as NaN.
        telemetry: The threshold of the loss ratio.
    """
    ratio = loss_ratio(grid.values)
    measures = (drawdown_of(grid.values), ratio, generalization_loss(grid.values), successive_rises(grid.values))
    threshold = telemetry.loss_ratio_threshold
    return Rises(
        per_seed=tuple(
            SeedRises(seed, *(_peak(measure[row], levels=grid.levels) for measure in measures))
            for row, seed in enumerate(grid.subjects)
        ),
        loss_ratio=count_flags(
            indicator(ratio > threshold, defined=ratio),
            grid=grid,
            noun="loss",
            which=f"above {threshold:g} times the lowest before",
        ),
    )


def loss_ratio(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """L_t / min over s < t of L_s, shape (num_seeds, num_levels).

    NaN at the first level, from a gap on, and where the lowest loss is not above zero.

    Source: Li, Zhang, He 2022, arXiv 2108.06084.
    """
    ratio = np.full(losses.shape, np.nan)
    lowest_before = np.minimum.accumulate(losses, axis=1)[:, :-1]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio[:, 1:] = np.where(lowest_before > 0, losses[:, 1:] / lowest_before, np.nan)
    return ratio


def generalization_loss(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """GL_t = 100 (L_t / min over s <= t of L_s - 1), in percent, shape (num_seeds, num_levels); NaN as in `loss_ratio`.

    Source: Prechelt 1998, Neural Networks 11:761.
    """
    lowest = np.minimum.accumulate(losses, axis=1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(np.where(lowest > 0, 100 * (losses / lowest - 1), np.nan))


def successive_rises(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rises L_t > L_{t-1} in a row that end at each level, shape (num_seeds, num_levels); NaN from a gap on.

    UP_s of Prechelt 1998 is this number reaching s, with one interval as its strip.
    """
    has_risen = deltas_of(losses) > 0
    in_a_row = np.zeros(losses.shape)
    for level in range(1, losses.shape[1]):
        in_a_row[:, level] = np.where(has_risen[:, level], in_a_row[:, level - 1] + 1, 0)
    return np.where(np.isnan(np.minimum.accumulate(losses, axis=1)), np.nan, in_a_row)


def _peak(measure: NDArray[np.float64], *, levels: tuple[Label, ...]) -> Peak:
    known = ~np.isnan(measure)
    if not known.any():
        why = Undefined("no level of this seed has the measure")
        return Peak(largest=why, largest_level=why, final=why)
    place = int(np.nanargmax(measure))
    final = finite_or_undefined(measure[-1], reason=TOO_LARGE) if known[-1] else Undefined("the trajectory has a gap")
    return Peak(largest=finite_or_undefined(measure[place], reason=TOO_LARGE), largest_level=levels[place], final=final)
