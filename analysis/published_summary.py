"""Sum up the published telemetry of one condition, with what its rules could have shown at all."""

from dataclasses import dataclass

import numpy as np

from analysis.counts import Count, count_flags
from analysis.grid import Grid
from analysis.plateau_null import PlateauNull, plateau_rises
from analysis.rounding import rounding_of
from analysis.rule_limit import RuleLimit
from analysis.stable_trap import check_stable_trap
from analysis.telemetry_published import PublishedTelemetry
from analysis.undefined import Undefined, finite_or_undefined
from analysis.window_trap import WindowTrap, check_window_trap
from configs.counted import counted
from configs.telemetry import TelemetryConfig

__all__ = ["PublishedStablePhase", "PublishedSummary", "summarize_published"]


@dataclass(frozen=True, slots=True)
class PublishedStablePhase:
    """The published stable phase, condition by condition of its rule."""

    candidates: Count
    volatility_cutoff: float | Undefined
    """In nats: the quantile of all volatilities of this condition, so not comparable between experiments."""
    num_below_cutoff: int
    """Cells with a volatility at or below the cutoff."""
    num_frequency_ok: int
    num_spike_rate_ok: int
    num_below_cutoff_and_frequency_ok: int
    why: str
    rule: RuleLimit


@dataclass(frozen=True, slots=True)
class PublishedSummary:
    """Counts by the published rules."""

    backslides: Count
    backslides_of_noise: PlateauNull | Undefined
    spikes: Count
    spike_rule: WindowTrap
    stable_phase: PublishedStablePhase


def summarize_published(published: PublishedTelemetry, *, grid: Grid, telemetry: TelemetryConfig) -> PublishedSummary:
    """Count what the published rules flag.

    Args:
        published: The measures.
        grid: The losses that they were derived from, shape (num_seeds, num_levels).
        telemetry: Window and thresholds.
    """
    backslides = count_flags(published.backslide, grid=grid, noun="delta")
    return PublishedSummary(
        backslides=backslides,
        backslides_of_noise=plateau_rises(num_levels=grid.num_levels, num_deltas=backslides.of, noise_multiple=0.0),
        spikes=count_flags(published.spike, grid=grid, noun="delta"),
        spike_rule=check_window_trap(published.delta, telemetry=telemetry, rounding=rounding_of(grid.values)),
        stable_phase=_stable_phase(published, grid=grid, telemetry=telemetry),
    )


def _stable_phase(published: PublishedTelemetry, *, grid: Grid, telemetry: TelemetryConfig) -> PublishedStablePhase:
    below = published.rolling_volatility <= published.volatility_cutoff
    steady = published.backslide_frequency <= telemetry.stable_backslide_frequency_max
    calm = published.spike_rate <= telemetry.stable_spike_rate_max
    candidates = count_flags(published.stable_phase_candidate, grid=grid, noun="cell", which="with a volatility")
    num_below, num_steady, num_both = int(below.sum()), int(steady.sum()), int((below & steady).sum())
    num_windows = int(np.isfinite(published.backslide_frequency).sum())
    return PublishedStablePhase(
        candidates=candidates,
        volatility_cutoff=finite_or_undefined(published.volatility_cutoff, reason="no cell has a volatility"),
        num_below_cutoff=num_below,
        num_frequency_ok=num_steady,
        num_spike_rate_ok=int(calm.sum()),
        num_below_cutoff_and_frequency_ok=num_both,
        why=(
            f"at or below the volatility cutoff: {num_below} of these {candidates.of}; at most "
            f"{counted(telemetry.stable_backslide_frequency_max, 'backslide')} in the window: {num_steady} of "
            f"{counted(num_windows, 'cell')} with a delta; both: {num_both}; and with a spike rate of at most "
            f"{telemetry.stable_spike_rate_max:g} besides: {candidates.count}"
        ),
        rule=check_stable_trap(below=below, steady=steady, calm=calm, levels=grid.levels, telemetry=telemetry),
    )
