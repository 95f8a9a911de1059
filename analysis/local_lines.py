"""Fit a straight line to the last few points of every trajectory, level by level."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analysis.rounding import LEAST_SPREAD, without_rounding

__all__ = ["LocalLines", "fit_local_lines"]


@dataclass(frozen=True)
class LocalLines:
    """Of the line through the window that ends at each level; all arrays have shape (num_seeds, num_levels)."""

    slope: NDArray[np.float64]
    """Per unit of position; NaN where the window is not full, or holds a gap or a level without position."""
    residual_sd: NDArray[np.float64]
    """About the line, with window - 2 in the denominator; NaN at the same places."""
    slope_rounding: NDArray[np.float64]
    """What rounding alone makes of the slope: 64 eps max |y| sum |w|, w the weights of the values in it."""


def fit_local_lines(values: NDArray[np.float64], *, positions: NDArray[np.float64], window: int) -> LocalLines:
    """Least squares of the last `window` values, up to and including each level, on their positions.

    A slope or a deviation that is rounding counts as zero.

    Args:
        values: Shape (num_seeds, num_levels), gaps as NaN.
        positions: Rising, shape (num_levels,); NaN for a level that has no place, such as log2 of no token.
        window: Levels in a fit; at least 3.
    """
    slope, residual_sd, slope_rounding = (np.full(values.shape, np.nan) for _ in range(3))
    if values.shape[1] < window:
        return LocalLines(slope=slope, residual_sd=residual_sd, slope_rounding=slope_rounding)
    places = sliding_window_view(positions, window)  # shape (num_full, window)
    pieces = sliding_window_view(values, window, axis=1)  # shape (num_seeds, num_full, window)
    centred = places - places.mean(axis=-1, keepdims=True)
    deviations = pieces - pieces.mean(axis=-1, keepdims=True)
    squares = (centred**2).sum(axis=-1)
    slope_of_full = (deviations * centred).sum(axis=-1) / squares
    left_over = deviations - slope_of_full[..., None] * centred
    sd_of_full = np.sqrt((left_over**2).sum(axis=-1) / (window - 2))
    rounding = LEAST_SPREAD * np.abs(pieces).max(axis=-1)
    rounding_of_full = rounding * np.abs(centred).sum(axis=-1) / squares
    slope[:, window - 1 :] = without_rounding(slope_of_full, rounding=rounding_of_full)
    residual_sd[:, window - 1 :] = without_rounding(sd_of_full, rounding=rounding)
    slope_rounding[:, window - 1 :] = rounding_of_full
    return LocalLines(slope=slope, residual_sd=residual_sd, slope_rounding=slope_rounding)
