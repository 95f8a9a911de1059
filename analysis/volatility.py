"""Measure how much each trajectory wiggles, apart from how fast it falls or rises."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.grid import Grid
from analysis.levels import Label
from analysis.local_lines import LocalLines
from analysis.rolling import deltas_of, rolling
from analysis.rounding import rounding_of_rows, without_rounding
from analysis.undefined import Undefined

__all__ = ["LevelVolatility", "Volatility", "summarize_volatility", "volatility_of_differences"]

# A standard deviation over a median absolute deviation, for normal values: 1 / norm.ppf(.75).
MAD_TO_SD = 1.4826022185056018


@dataclass(frozen=True, slots=True)
class LevelVolatility:
    """Means over the seeds that have a value, in nats; undefined until a window is full."""

    level: Label
    difference: float | Undefined
    """SD (n - 1) of the last `window` deltas, over sqrt(2)."""
    mad: float | Undefined
    """1.4826 times the median absolute deviation of the same deltas from their median, over sqrt(2)."""
    residual: float | Undefined
    """SD of the last `slope_window` values about their own line."""


@dataclass(frozen=True, slots=True)
class Volatility:
    """Three estimates of the same thing: the SD of one evaluation about a smooth trajectory."""

    levels: tuple[LevelVolatility, ...]
    note: str


def summarize_volatility(grid: Grid, *, lines: LocalLines | Undefined, window: int) -> Volatility:
    """Estimate, at each level, the noise of a single point about its trajectory.

    For independent noise of SD s about a straight line each measure estimates s: a steady fall does not count. All
    windows are full, and a window with a gap is undefined. What is rounding of the losses counts as zero.

    Args:
        grid: Losses, shape (num_seeds, num_levels), gaps as NaN.
        lines: Fitted to the same losses.
        window: Deltas in the window of the first two.
    """
    deltas, rounding = deltas_of(grid.values), rounding_of_rows(grid.values)[:, None]
    difference = without_rounding(volatility_of_differences(deltas, window=window), rounding=rounding)
    mad = rolling(deltas, window=window, min_values=window, reduce=_mad) * MAD_TO_SD / np.sqrt(2)
    mad = without_rounding(mad, rounding=rounding)
    residual = np.full(grid.values.shape, np.nan) if isinstance(lines, Undefined) else lines.residual_sd
    return Volatility(
        levels=tuple(
            LevelVolatility(
                level=level,
                difference=_mean(difference[:, column]),
                mad=_mean(mad[:, column]),
                residual=_mean(residual[:, column]),
            )
            for column, level in enumerate(grid.levels)
        ),
        note=(
            f"Windows that end before level {window} are not full and have no volatility, and the first full ones "
            "hold the first drop; neighbouring windows share their values, so that these numbers follow one another by "
            "construction and are no levels for an F."
        ),
    )


def volatility_of_differences(deltas: NDArray[np.float64], *, window: int) -> NDArray[np.float64]:
    """SD (n - 1) of the last `window` deltas over sqrt(2), shape as given: a delta carries the noise of two points."""
    sd = rolling(deltas, window=window, min_values=window, reduce=lambda past: np.std(past, axis=-1, ddof=1))
    return np.asarray(sd / np.sqrt(2))


def _mad(past: NDArray[np.float64]) -> NDArray[np.float64]:
    middle = np.median(past, axis=-1, keepdims=True)
    return np.asarray(np.median(np.abs(past - middle), axis=-1))


def _mean(values: NDArray[np.float64]) -> float | Undefined:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else Undefined("no seed has a full window here")
