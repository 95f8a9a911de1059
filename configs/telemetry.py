"""What counts as volatile, as a backslide, as a spike, as a stable phase and as a reason to stop."""

from typing import Annotated

from pydantic import Field

from configs.frozen import FrozenConfig

__all__ = ["TelemetryConfig"]


class TelemetryConfig(FrozenConfig):
    """Thresholds of the trajectory measures.

    The first six are the published ones (arXiv 2606.13370) and drive the published family alone, but for `window` and
    the two thresholds of spikes, which the robust family applies to earlier deltas.
    """

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
    # Window and multiple of the StabilityMonitor of allenai/OLMo-core. Six deviations can only be told from noise by a
    # window of a hundred steps or more.
    step_spike_window: int = Field(default=128, ge=4, description="Earlier steps that a training step is judged by.")
    step_spike_sd: float = Field(
        default=6.0, gt=0, description="Standard deviations above the earlier steps' mean that make a step a spike."
    )
    # The loss ratio is Li, Zhang, He 2022 (arXiv 2108.06084); 1.2 is a convention that we could not trace to a source.
    loss_ratio_threshold: float = Field(
        default=1.2, gt=1, description="A loss above this many times the lowest before it counts as a rise."
    )
    slope_window: int = Field(default=5, ge=3, description="Intervals that a local slope is fitted to.")
    # exp(0.1) = 1.105: per doubling of the training tokens, perplexity changes by a tenth at most.
    stable_slope_nats: float = Field(
        default=0.1, gt=0, description="Largest slope of a stable phase, up or down, in nats per doubling of tokens."
    )
    # A single window can lie flat across a turning point; three that follow one another cover slope_window + 2 points.
    stable_intervals: int = Field(default=3, ge=1, description="Fewest intervals in a row that make a stable phase.")
    # Half of stable_slope_nats: what the fitted line leaves over must be small beside what counts as no slope.
    stable_volatility_nats: float = Field(
        default=0.05, gt=0, description="Largest standard deviation about the fitted line in a stable phase, in nats."
    )
    patience_intervals: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(1, 2, 3, 5), description="Intervals without a new minimum after which training would have stopped."
    )
    patience_min_delta_nats: float = Field(
        default=0.0, ge=0, description="A new minimum must lie lower than the last by more than this many nats."
    )
    # GL_5 and UP_3 are among the criteria that Prechelt 1998 compared.
    generalization_loss_percent: float = Field(
        default=5.0, gt=0, description="Prechelt's GL: stop when the loss is this many percent above its minimum."
    )
    successive_rises: int = Field(
        default=3, ge=1, description="Prechelt's UP: stop when the loss has risen this many intervals in a row."
    )
