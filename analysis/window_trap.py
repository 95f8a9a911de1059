"""Show by arithmetic whether a spike rule whose window holds the judged delta can ever fire."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.rolling import rolling
from analysis.undefined import Undefined
from configs.telemetry import TelemetryConfig

__all__ = ["WindowTrap", "check_window_trap"]


@dataclass(frozen=True, slots=True)
class WindowTrap:
    """Whether the published spike rule can fire."""

    can_fire: bool
    max_possible_z: float
    """sqrt(window - 1)."""
    largest_z: float | Undefined
    """Largest (d_t - m) / s in the data, over windows of two deltas or more."""
    why: str


def check_window_trap(delta: NDArray[np.float64], *, telemetry: TelemetryConfig) -> WindowTrap:
    """A value x among w values with mean m and population SD s has (x - m) / s <= sqrt(w - 1).

    Proof: let e = x - m. The other w - 1 deviations sum to -e, so their squares sum to at least e^2 / (w - 1); hence
    w s^2 >= e^2 + e^2 / (w - 1) = e^2 w / (w - 1). Equality when all others are equal. The rule asks for strictly more
    than spike_z_threshold.

    Args:
        delta: Shape (num_seeds, num_levels), NaN where undefined.
        telemetry: Window and threshold.
    """
    bound = float(np.sqrt(telemetry.window - 1))
    can_fire = bound > telemetry.spike_z_threshold
    relation = (
        f"sqrt(window - 1) = sqrt({telemetry.window - 1}) = {bound:.4g} standard deviations are the most that a delta "
        f"can lie above the mean of a window of {telemetry.window} which holds it; the rule asks for more than "
        f"{telemetry.spike_z_threshold:g}"
    )
    verdict = (
        "it can fire"
        if can_fire
        else "only the first delta, judged without a window, can be a spike: a count of zero is arithmetic, not calm"
    )
    return WindowTrap(
        can_fire=can_fire,
        max_possible_z=bound,
        largest_z=_largest_z(delta, window=telemetry.window),
        why=f"{relation}; {verdict}",
    )


def _largest_z(delta: NDArray[np.float64], *, window: int) -> float | Undefined:
    scores = rolling(delta, window=window, min_values=2, reduce=_last_z)
    defined = scores[np.isfinite(scores)]
    return float(defined.max()) if len(defined) else Undefined("no window of two deltas or more varies")


def _last_z(past: NDArray[np.float64]) -> NDArray[np.float64]:
    sd = np.std(past, axis=-1)
    is_varied = sd > 0
    return np.where(is_varied, (past[..., -1] - np.mean(past, axis=-1)) / np.where(is_varied, sd, 1), np.nan)
