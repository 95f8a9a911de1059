"""What counts as volatile, as a backslide, as a spike and as a stable phase."""

from pydantic import Field

from configs.frozen import FrozenConfig

__all__ = ["TelemetryConfig"]


class TelemetryConfig(FrozenConfig):
    """Thresholds of the trajectory measures. The defaults are the published ones (arXiv 2606.13370)."""

    window: int = Field(default=5, ge=2, description="Intervals in the rolling window.")
    spike_min_delta_nats: float = Field(
        default=0.01, ge=0, description="A rise of at most this many nats is never a spike."
    )
    spike_z_threshold: float = Field(
        default=2.0, gt=0, description="Standard deviations above the window's mean delta that make a spike."
    )
    stable_volatility_quantile: float = Field(
        default=0.25, gt=0, lt=1, description="Quantile of all volatilities below which an interval may be stable."
    )
    stable_spike_rate_max: float = Field(default=0.0, ge=0, description="Highest spike rate of a stable interval.")
    stable_backslide_frequency_max: int = Field(
        default=1, ge=0, description="Most backslides within the window of a stable interval."
    )
    backslide_noise_multiple: float = Field(
        default=2.0,
        ge=0,
        description="A backslide beyond noise exceeds this many standard errors of the paired evaluation difference.",
    )
