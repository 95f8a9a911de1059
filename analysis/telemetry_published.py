"""Derive telemetry as the published study defines it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.counts import indicator
from analysis.rolling import deltas_of, drawdown_of, rolling
from analysis.rounding import rounding_of_rows, without_rounding
from configs.telemetry import TelemetryConfig

__all__ = ["MIN_DELTAS_SD", "PublishedTelemetry", "published_telemetry"]

MIN_DELTAS_SD = 2


@dataclass(frozen=True)
class PublishedTelemetry:
    """Measures of one condition's losses, each of shape (num_seeds, num_levels); NaN is undefined, flags are 0 or 1."""

    delta: NDArray[np.float64]
    rolling_volatility: NDArray[np.float64]
    backslide: NDArray[np.float64]
    backslide_magnitude: NDArray[np.float64]
    backslide_frequency: NDArray[np.float64]
    spike: NDArray[np.float64]
    spike_rate: NDArray[np.float64]
    stable_phase_candidate: NDArray[np.float64]
    drawdown: NDArray[np.float64]
    volatility_cutoff: float
    """The quantile of all volatilities, in nats; NaN if there is none."""


def published_telemetry(losses: NDArray[np.float64], *, telemetry: TelemetryConfig) -> PublishedTelemetry:
    """Derive all measures; d_t = L_t - L_{t-1}, and every window holds the last `window` deltas, including d_t.

    - rolling_volatility: their SD (n - 1), from two deltas on; zero where that is rounding.
    - backslide: d_t > 0; magnitude max(d_t, 0); frequency: backslides in the window.
    - spike: d_t > max(m + z s, spike_min_delta_nats), m and s mean and SD (n) of the window; spike_min_delta_nats alone
      where it holds one delta. Rate: spikes over deltas in the window.
    - stable_phase_candidate: volatility, spike rate and backslide frequency all at or below their limits; the limit of
      volatility is a quantile over all seeds and levels given here.
    - drawdown: L_t - min over s <= t of L_s.

    A measure whose window holds a missing delta is undefined; at the first level only drawdown is defined.

    Args:
        losses: One condition's losses in nats, shape (num_seeds, num_levels), gaps as NaN.
        telemetry: Window and thresholds.

    Source: arXiv 2606.13370 and its public code.
    """
    delta = deltas_of(losses)
    window = telemetry.window
    volatility = without_rounding(
        rolling(delta, window=window, min_values=MIN_DELTAS_SD, reduce=lambda past: np.std(past, axis=-1, ddof=1)),
        rounding=rounding_of_rows(losses)[:, None],
    )
    backslide = indicator(delta > 0, defined=delta)
    threshold = _spike_threshold(delta, telemetry=telemetry)
    spike = indicator(delta > threshold, defined=delta + threshold)
    frequency = rolling(backslide, window=window, min_values=1, reduce=lambda past: np.sum(past, axis=-1))
    rate = rolling(spike, window=window, min_values=1, reduce=lambda past: np.mean(past, axis=-1))
    cutoff = _cutoff(volatility, quantile=telemetry.stable_volatility_quantile)
    return PublishedTelemetry(
        delta=delta,
        rolling_volatility=volatility,
        backslide=backslide,
        backslide_magnitude=np.maximum(delta, 0),
        backslide_frequency=frequency,
        spike=spike,
        spike_rate=rate,
        stable_phase_candidate=_stable_candidates(
            volatility=volatility, frequency=frequency, rate=rate, cutoff=cutoff, telemetry=telemetry
        ),
        drawdown=drawdown_of(losses),
        volatility_cutoff=cutoff,
    )


def _stable_candidates(
    *,
    volatility: NDArray[np.float64],
    frequency: NDArray[np.float64],
    rate: NDArray[np.float64],
    cutoff: float,
    telemetry: TelemetryConfig,
) -> NDArray[np.float64]:
    is_stable = (
        (volatility <= cutoff)
        & (rate <= telemetry.stable_spike_rate_max)
        & (frequency <= telemetry.stable_backslide_frequency_max)
    )
    return indicator(is_stable, defined=volatility + frequency + rate)


def _spike_threshold(delta: NDArray[np.float64], *, telemetry: TelemetryConfig) -> NDArray[np.float64]:
    z = telemetry.spike_z_threshold
    bound = rolling(
        delta,
        window=telemetry.window,
        min_values=MIN_DELTAS_SD,
        reduce=lambda past: np.mean(past, axis=-1) + z * np.std(past, axis=-1),
    )
    # The first delta stands alone in its window, which has no spread to compare it with.
    bound[:, 1:2] = -np.inf
    return np.maximum(bound, telemetry.spike_min_delta_nats)


def _cutoff(volatility: NDArray[np.float64], *, quantile: float) -> float:
    defined = volatility[np.isfinite(volatility)]
    return float(np.quantile(defined, quantile)) if len(defined) else float("nan")
