"""Fit a straight line to the last few points of every trajectory, level by level."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

__all__ = ["LocalLines", "fit_local_lines"]


@dataclass(frozen=True)
class LocalLines:
    """Of the line through the window that ends at each level; both arrays have shape (num_seeds, num_levels)."""

    slope: NDArray[np.float64]
    """Per unit of position; NaN where the window is not full, or holds a gap or a level without position."""
    residual_sd: NDArray[np.float64]
    """About the line, with window - 2 in the denominator; NaN at the same places."""


def fit_local_lines(values: NDArray[np.float64], *, positions: NDArray[np.float64], window: int) -> LocalLines:
    """Least squares of the last `window` values, up to and including each level, on their positions.

    Args:
        values: Shape (num_seeds, num_levels), gaps as NaN.
        positions: Rising, shape (num_levels,); NaN for a level that has no place, such as log2 of no token.
        window: Levels in a fit; at least 3.
    """
    slope, residual_sd = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    if values.shape[1] < window:
        return LocalLines(slope=slope, residual_sd=residual_sd)
    places = sliding_window_view(positions, window)  # shape (num_full, window)
    pieces = sliding_window_view(values, window, axis=1)  # shape (num_seeds, num_full, window)
    centred = places - places.mean(axis=-1, keepdims=True)
    deviations = pieces - pieces.mean(axis=-1, keepdims=True)
    slope_of_full = (deviations * centred).sum(axis=-1) / (centred**2).sum(axis=-1)
    left_over = deviations - slope_of_full[..., None] * centred
    slope[:, window - 1 :] = slope_of_full
    residual_sd[:, window - 1 :] = np.sqrt((left_over**2).sum(axis=-1) / (window - 2))
    return LocalLines(slope=slope, residual_sd=residual_sd)
