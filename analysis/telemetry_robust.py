"""Derive spikes and backslides by rules that can fire and that allow for evaluation noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.counts import indicator
from analysis.rolling import rolling_before
from analysis.telemetry_published import MIN_DELTAS_SD
from configs.telemetry import TelemetryConfig

__all__ = ["RobustTelemetry", "robust_telemetry"]


@dataclass(frozen=True)
class RobustTelemetry:
    """Measures of one condition's losses, each of shape (num_seeds, num_levels); NaN is undefined, flags are 0 or 1."""

    spike: NDArray[np.float64]
    backslide: NDArray[np.float64]


def robust_telemetry(
    delta: NDArray[np.float64], *, standard_errors: NDArray[np.float64], telemetry: TelemetryConfig
) -> RobustTelemetry:
    """Compare each delta with what came before it, and with the noise of its measurement.

    - spike: d_t > max(m + z s, spike_min_delta_nats), m and s mean and SD (n) of the previous `window` deltas, without
      d_t; undefined before two of them. At a window of 5 normal deltas pass 2 SD often; it is a flag, not a test.
    - backslide: d_t > backslide_noise_multiple x the standard error of the paired difference of the evaluations.

    A measure whose window holds a missing delta or standard error is undefined.

    Args:
        delta: L_t - L_{t-1}, in nats, shape (num_seeds, num_levels), NaN where undefined.
        standard_errors: Of each delta over evaluation tokens, in nats, same shape, NaN if unknown.
        telemetry: Window and thresholds.
    """
    noise = telemetry.backslide_noise_multiple * standard_errors
    return RobustTelemetry(
        spike=_past_only_spike(delta, telemetry=telemetry), backslide=indicator(delta > noise, defined=delta + noise)
    )


def _past_only_spike(delta: NDArray[np.float64], *, telemetry: TelemetryConfig) -> NDArray[np.float64]:
    z = telemetry.spike_z_threshold
    bound = rolling_before(
        delta,
        window=telemetry.window,
        min_values=MIN_DELTAS_SD,
        reduce=lambda past: np.mean(past, axis=-1) + z * np.std(past, axis=-1),
    )
    threshold = np.maximum(bound, telemetry.spike_min_delta_nats)
    return indicator(delta > threshold, defined=delta + threshold)
