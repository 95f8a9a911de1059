"""Derive telemetry by rules that can fire and that allow for evaluation noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.rolling import rolling, rolling_before
from analysis.telemetry_published import MIN_DELTAS_SD, PublishedTelemetry, indicator, stable_candidates
from configs.telemetry import TelemetryConfig

__all__ = ["RobustTelemetry", "robust_telemetry"]


@dataclass(frozen=True)
class RobustTelemetry:
    """Measures of one condition's losses, each of shape (num_seeds, num_levels); NaN is undefined, flags are 0 or 1."""

    spike: NDArray[np.float64]
    backslide: NDArray[np.float64]
    stable_phase_candidate: NDArray[np.float64]


def robust_telemetry(
    published: PublishedTelemetry, *, standard_errors: NDArray[np.float64], telemetry: TelemetryConfig
) -> RobustTelemetry:
    """Compare each delta with what came before it, and with the noise of its measurement.

    - spike: d_t > max(m + z s, spike_min_delta_nats), m and s mean and SD (n) of the previous `window` deltas, without
      d_t; undefined before two of them. At a window of 5 normal deltas pass 2 SD often; it is a flag, not a test.
    - backslide: d_t > backslide_noise_multiple x the standard error of the paired difference of the evaluations.
    - stable_phase_candidate: the published rule and cutoff, with these spikes and backslides.

    A measure whose window holds a missing delta or standard error is undefined.

    Args:
        published: The published measures of the same losses.
        standard_errors: Of each delta over evaluation tokens, in nats, shape (num_seeds, num_levels), NaN if unknown.
        telemetry: Window and thresholds.
    """
    delta, window = published.delta, telemetry.window
    spike = _past_only_spike(delta, telemetry=telemetry)
    noise = telemetry.backslide_noise_multiple * standard_errors
    backslide = indicator(delta > noise, defined=delta + noise)
    return RobustTelemetry(
        spike=spike,
        backslide=backslide,
        stable_phase_candidate=stable_candidates(
            volatility=published.rolling_volatility,
            frequency=rolling(backslide, window=window, min_values=1, reduce=lambda past: np.sum(past, axis=-1)),
            rate=_spike_rate(spike, window=window),
            cutoff=published.volatility_cutoff,
            telemetry=telemetry,
        ),
    )


def _past_only_spike(delta: NDArray[np.float64], *, telemetry: TelemetryConfig) -> NDArray[np.float64]:
    bound = rolling_before(
        delta,
        window=telemetry.window,
        min_values=MIN_DELTAS_SD,
        reduce=lambda past: np.mean(past, axis=-1) + telemetry.spike_z_threshold * np.std(past, axis=-1),
    )
    threshold = np.maximum(bound, telemetry.spike_min_delta_nats)
    return indicator(delta > threshold, defined=delta + threshold)


def _spike_rate(spike: NDArray[np.float64], *, window: int) -> NDArray[np.float64]:
    # The first deltas have too few predecessors to be judged, and must not make every window of theirs undefined.
    first_judged = 1 + MIN_DELTAS_SD
    rate = np.full(spike.shape, np.nan)
    judged = spike[:, first_judged - 1 :]
    rate[:, first_judged - 1 :] = rolling(
        judged, window=window, min_values=1, reduce=lambda past: np.mean(past, axis=-1)
    )
    return rate
