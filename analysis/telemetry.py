"""Count what the telemetry of one condition shows, and say why where it shows nothing."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.audit import without_unusable
from analysis.between_seeds import BetweenSeeds, spread_between_seeds
from analysis.common_mode import CommonMode, common_mode
from analysis.grid import Grid
from analysis.levels import Label
from analysis.telemetry_published import PublishedTelemetry, published_telemetry
from analysis.telemetry_robust import RobustTelemetry, robust_telemetry
from analysis.undefined import Undefined
from analysis.window_trap import WindowTrap, check_window_trap
from configs.telemetry import TelemetryConfig

__all__ = ["BestLevel", "Count", "StablePhase", "TelemetrySummary", "summarize_telemetry"]

WHY_NO_NOISE = "the losses of single evaluation tokens are not at hand; they lie in a run directory's checkpoints"


@dataclass(frozen=True, slots=True)
class FlaggedCell:
    """A seed and level at which an indicator is 1."""

    seed: Label
    level: Label


@dataclass(frozen=True, slots=True)
class Count:
    """How many cells an indicator flags, among those where it is defined."""

    count: int
    of: int
    text: str
    cells: tuple[FlaggedCell, ...]


@dataclass(frozen=True, slots=True)
class StablePhase:
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


@dataclass(frozen=True, slots=True)
class PublishedSummary:
    """Counts by the published rules."""

    backslides: Count
    spikes: Count
    spike_rule: WindowTrap
    stable_phase: StablePhase


@dataclass(frozen=True, slots=True)
class RobustSummary:
    """Counts by rules that can fire and that allow for evaluation noise."""

    spikes: Count
    backslides: Count | Undefined
    stable_phase: Count | Undefined


@dataclass(frozen=True, slots=True)
class BestLevel:
    """Where one seed's loss is lowest, among the cells it has."""

    seed: Label
    level: Label
    val_loss: float


@dataclass(frozen=True, slots=True)
class TelemetrySummary:
    """Telemetry of one condition."""

    config: dict[str, float | int]
    num_deltas: int
    published: PublishedSummary
    robust: RobustSummary
    between_seeds: tuple[BetweenSeeds, ...]
    common_mode: CommonMode | Undefined
    best: tuple[BestLevel, ...]


def summarize_telemetry(
    grid: Grid, *, telemetry: TelemetryConfig, standard_errors: NDArray[np.float64] | None
) -> TelemetrySummary:
    """Count backslides, spikes and stable intervals by both families of rules, with their denominators.

    Cells without a value are left out of each count and of its denominator.

    Args:
        grid: Losses in nats, shape (num_seeds, num_levels), gaps as NaN.
        telemetry: Window and thresholds.
        standard_errors: Of each delta, in nats, same shape, NaN where unknown; None where no token losses are at hand.
    """
    grid = replace(grid, values=without_unusable(grid.values))
    published = published_telemetry(grid.values, telemetry=telemetry)
    errors = np.full(grid.values.shape, np.nan) if standard_errors is None else standard_errors
    robust = robust_telemetry(published, standard_errors=errors, telemetry=telemetry)
    return TelemetrySummary(
        config=telemetry.model_dump(),
        num_deltas=int(np.isfinite(published.delta).sum()),
        published=PublishedSummary(
            backslides=_count(published.backslide, grid=grid, noun="deltas"),
            spikes=_count(published.spike, grid=grid, noun="deltas"),
            spike_rule=check_window_trap(published.delta, telemetry=telemetry),
            stable_phase=_stable_phase(published, grid=grid, telemetry=telemetry),
        ),
        robust=_robust_summary(robust, grid=grid),
        between_seeds=spread_between_seeds(grid),
        common_mode=common_mode(grid, window=telemetry.window),
        best=_best(grid),
    )


def _count(flags: NDArray[np.float64], *, grid: Grid, noun: str) -> Count:
    count, total = int(np.nansum(flags)), int(np.isfinite(flags).sum())
    cells = tuple(FlaggedCell(grid.subjects[row], grid.levels[column]) for row, column in np.argwhere(flags == 1))
    return Count(count=count, of=total, text=f"{count} of {total} {noun}", cells=cells)


def _stable_phase(published: PublishedTelemetry, *, grid: Grid, telemetry: TelemetryConfig) -> StablePhase:
    below = published.rolling_volatility <= published.volatility_cutoff
    steady = published.backslide_frequency <= telemetry.stable_backslide_frequency_max
    calm = published.spike_rate <= telemetry.stable_spike_rate_max
    candidates = _count(published.stable_phase_candidate, grid=grid, noun="cells with a volatility")
    num_below, num_steady, num_both = int(below.sum()), int(steady.sum()), int((below & steady).sum())
    cutoff = published.volatility_cutoff
    return StablePhase(
        candidates=candidates,
        volatility_cutoff=cutoff if np.isfinite(cutoff) else Undefined("no cell has a volatility"),
        num_below_cutoff=num_below,
        num_frequency_ok=num_steady,
        num_spike_rate_ok=int(calm.sum()),
        num_below_cutoff_and_frequency_ok=num_both,
        why=(
            f"{num_below} cells are at or below the volatility cutoff, {num_steady} have at most "
            f"{telemetry.stable_backslide_frequency_max} backslides in their window, {num_both} are both, and "
            f"{candidates.count} of these also have a spike rate of at most {telemetry.stable_spike_rate_max:g}"
        ),
    )


def _robust_summary(robust: RobustTelemetry, *, grid: Grid) -> RobustSummary:
    has_errors = bool(np.isfinite(robust.backslide).any())
    why = Undefined(WHY_NO_NOISE)
    return RobustSummary(
        spikes=_count(robust.spike, grid=grid, noun="deltas with at least 2 before them"),
        backslides=_count(robust.backslide, grid=grid, noun="deltas with a standard error") if has_errors else why,
        stable_phase=_count(robust.stable_phase_candidate, grid=grid, noun="cells") if has_errors else why,
    )


def _best(grid: Grid) -> tuple[BestLevel, ...]:
    has_value = np.asarray(np.any(np.isfinite(grid.values), axis=1))
    return tuple(
        BestLevel(seed=seed, level=grid.levels[int(np.nanargmin(row))], val_loss=float(np.nanmin(row)))
        for seed, row, is_known in zip(grid.subjects, grid.values, has_value, strict=True)
        if is_known
    )
