"""Show by arithmetic whether a spike rule whose window holds the judged delta can ever fire."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.rolling import rolling
from analysis.undefined import Undefined
from configs.telemetry import TelemetryConfig

__all__ = ["WindowTrap", "check_window_trap", "largest_possible_z"]


@dataclass(frozen=True, slots=True)
class WindowTrap:
    """Whether the published spike rule can fire."""

    rule: str
    can_fire: bool
    max_possible_z: float
    """sqrt(w - 1), w the window, or all deltas where they are fewer."""
    largest_z: float | Undefined
    """Largest (d_t - m) / s in the data, over windows of two deltas or more."""
    why: str


def check_window_trap(delta: NDArray[np.float64], *, telemetry: TelemetryConfig, rounding: float = 0.0) -> WindowTrap:
    """A value x among w values with mean m and population SD s has (x - m) / s <= sqrt(w - 1).

    Proof: let e = x - m. The other w - 1 deviations sum to -e, so their squares sum to at least e^2 / (w - 1); hence
    w s^2 >= e^2 + e^2 / (w - 1) = e^2 w / (w - 1). Equality when all others are equal. The rule asks for strictly more
    than spike_z_threshold.

    Args:
        delta: Shape (num_seeds, num_levels), NaN where undefined.
        telemetry: Window and threshold.
        rounding: What rounding alone makes of a delta; windows that vary no more have no z.
    """
    width = max(1, min(telemetry.window, delta.shape[1] - 1))
    bound = largest_possible_z(width)
    can_fire = bound > telemetry.spike_z_threshold
    relation = (
        f"sqrt({width} - 1) = {bound:.4g} standard deviations are the most that a delta can lie above the mean of a "
        f"window of {width} which holds it; the rule asks for more than {telemetry.spike_z_threshold:g}"
    )
    verdict = (
        "it can fire"
        if can_fire
        else "only the first delta, judged without a window, can be a spike: a count of zero is arithmetic, not calm"
    )
    return WindowTrap(
        rule=f"a delta more than {telemetry.spike_z_threshold:g} SD above the mean of a window that holds it",
        can_fire=can_fire,
        max_possible_z=bound,
        largest_z=_largest_z(delta, window=telemetry.window, rounding=rounding),
        why=f"{relation}; {verdict}",
    )


def largest_possible_z(num_values: int, *, ddof: int = 0) -> float:
    """The most that one of `num_values` values can lie above their mean, in their own SD.

    sqrt(w - 1) with the population SD (ddof 0); (w - 1) / sqrt(w) with the sample SD (ddof 1).
    """
    return float(np.sqrt(num_values - 1) * np.sqrt((num_values - ddof) / num_values))


def _largest_z(delta: NDArray[np.float64], *, window: int, rounding: float) -> float | Undefined:
    scores = rolling(delta, window=window, min_values=2, reduce=lambda past: _last_z(past, rounding=rounding))
    defined = scores[np.isfinite(scores)]
    return float(defined.max()) if len(defined) else Undefined("no window of two deltas or more varies")


def _last_z(past: NDArray[np.float64], *, rounding: float) -> NDArray[np.float64]:
    sd = np.std(past, axis=-1)
    is_varied = sd > rounding
    return np.where(is_varied, (past[..., -1] - np.mean(past, axis=-1)) / np.where(is_varied, sd, 1), np.nan)
