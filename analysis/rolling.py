"""Look back over a trajectory through a short window."""

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

__all__ = ["deltas_of", "drawdown_of", "rolling", "rolling_before"]

Reduce = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From windows, shape (..., num_values), to a number each, shape (...)."""

# Reductions copy their windows; this many values at once, 32 MB, keep a million rows within a laptop's memory.
LARGEST_NUM_VALUES = 4_000_000


def deltas_of(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """d_t = L_t - L_{t-1}, shape (num_seeds, num_levels); NaN at the first level and on both sides of a gap."""
    deltas = np.full(losses.shape, np.nan)
    deltas[:, 1:] = np.diff(losses, axis=1)
    return deltas


def drawdown_of(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """L_t - min over s <= t of L_s, in nats, shape (num_seeds, num_levels); NaN from a gap on."""
    return np.asarray(losses - np.minimum.accumulate(losses, axis=1))


def rolling(values: NDArray[np.float64], *, window: int, min_values: int, reduce: Reduce) -> NDArray[np.float64]:
    """Reduce the last `window` values up to and including each level; the first level has none.

    Args:
        values: Made from deltas, so undefined at level 0, shape (num_seeds, num_levels).
        window: Values in a full window; it is shorter at the start.
        min_values: Fewest values that are reduced.
        reduce: From windows, shape (num_seeds, num_windows, num_values), to a number each.

    Returns:
        Same shape; NaN where there are too few values or one of them is missing.
    """
    return _rolling(values, window=window, min_values=min_values, reduce=reduce, last_offset=0)


def rolling_before(values: NDArray[np.float64], *, window: int, min_values: int, reduce: Reduce) -> NDArray[np.float64]:
    """Like `rolling`, over the values before each level only."""
    return _rolling(values, window=window, min_values=min_values, reduce=reduce, last_offset=1)


def _rolling(
    values: NDArray[np.float64], *, window: int, min_values: int, reduce: Reduce, last_offset: int
) -> NDArray[np.float64]:
    reduced = np.full(values.shape, np.nan)
    num_levels = values.shape[1]
    first_full = window + last_offset
    for level in range(min_values + last_offset, min(first_full, num_levels)):
        reduced[:, level] = reduce(values[:, None, 1 : level + 1 - last_offset])[:, 0]
    if first_full >= num_levels or window < min_values:
        return reduced
    # Any NaN in a window makes the result NaN, so that a gap is never bridged.
    windows = sliding_window_view(values[:, 1 : num_levels - last_offset], window, axis=1)
    num_at_once = max(1, LARGEST_NUM_VALUES // max(1, values.shape[0] * window))
    for start in range(0, windows.shape[1], num_at_once):
        part = windows[:, start : start + num_at_once]
        reduced[:, first_full + start : first_full + start + part.shape[1]] = reduce(part)
    return reduced
