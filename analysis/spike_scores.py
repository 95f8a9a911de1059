"""Score each value of a long series against the values before it."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import stats

__all__ = ["false_alarm_rate", "false_alarm_rate_about_line", "scores_about_line", "scores_about_mean"]

# A window that varies less does not tell what is unusual (as in OLMo-core's StabilityMonitor).
LEAST_SD = 1e-10
WINDOWS_AT_ONCE = 2**15


def scores_about_mean(series: NDArray[np.float64], *, window: int) -> NDArray[np.float64]:
    """z_t = (x_t - m) / s, with m and s mean and SD (n) of the `window` values before x_t, without x_t.

    Unlike a window that holds x_t, this one sets no bound to z. A falling series widens s and lowers z.

    Args:
        series: One value per step, shape (num_steps,).
        window: Values that must precede a judged one.

    Returns:
        Same shape; NaN for the first `window` values and where s is below 1e-10.

    Source: StabilityMonitorCallback of allenai/OLMo-core, which calls z > 6 at a window of 128 a spike.
    """
    scores = np.full(series.shape, np.nan)
    for start, past in _pasts(series, window=window):
        judged = series[start : start + len(past)]
        sd = past.std(axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            scores[start : start + len(past)] = np.where(sd < LEAST_SD, np.nan, (judged - past.mean(axis=-1)) / sd)
    return scores


def scores_about_line(series: NDArray[np.float64], *, window: int) -> NDArray[np.float64]:
    """t_t = (x_t - p) / (s q), with p the continuation of the line through the `window` values before x_t.

    s is the SD of those values about their least-squares line, with window - 2 in its denominator, and
    q = sqrt(1 + 1/w + (w + 1)^2 / (4 Sxx)), Sxx = w (w^2 - 1) / 12, the factor by which a new value is less certain.
    For independent normal errors about a straight line t_t is Student's t on window - 2 degrees of freedom, so a
    steady fall neither hides a spike nor makes one.

    Args:
        series: One value per step, shape (num_steps,).
        window: Values that must precede a judged one; at least 3.

    Returns:
        Same shape; NaN as in `scores_about_mean`.
    """
    scores = np.full(series.shape, np.nan)
    place = np.arange(window) - (window - 1) / 2
    sxx = window * (window**2 - 1) / 12
    reach = (window + 1) / 2  # of the judged value from the middle of its window
    inflation = np.sqrt(1 + 1 / window + reach**2 / sxx)
    for start, past in _pasts(series, window=window):
        judged = series[start : start + len(past)]
        mean = past.mean(axis=-1)
        slope = past @ place / sxx
        left_over = past - mean[:, None] - slope[:, None] * place
        sd = np.sqrt((left_over**2).sum(axis=-1) / (window - 2))
        with np.errstate(divide="ignore", invalid="ignore"):
            score = (judged - mean - slope * reach) / (sd * inflation)
        scores[start : start + len(past)] = np.where(sd < LEAST_SD, np.nan, score)
    return scores


def false_alarm_rate(multiple: float, *, window: int) -> float:
    """P(z_t > multiple) of `scores_about_mean` for independent normal values.

    (x - m) / (S sqrt(1 + 1/w)) is Student's t on w - 1 degrees of freedom, S the sample SD; hence
    P = P(t_{w-1} > multiple sqrt((w - 1) / (w + 1))).
    """
    return float(stats.t.sf(multiple * np.sqrt((window - 1) / (window + 1)), window - 1))


def false_alarm_rate_about_line(multiple: float, *, window: int) -> float:
    """P(t_t > multiple) of `scores_about_line` for independent normal values about a line: that of t_{w-2}."""
    return float(stats.t.sf(multiple, window - 2))


def _pasts(series: NDArray[np.float64], *, window: int) -> list[tuple[int, NDArray[np.float64]]]:
    """Chunks of windows, shape (num_windows, window), each with the position of the value after its first window."""
    if len(series) <= window:
        return []
    every = sliding_window_view(series[:-1], window)
    return [(window + start, every[start : start + WINDOWS_AT_ONCE]) for start in range(0, len(every), WINDOWS_AT_ONCE)]
