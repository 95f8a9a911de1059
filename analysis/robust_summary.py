"""Sum up the telemetry of one condition by rules that can fire and that allow for noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.apa_numbers import p_value
from analysis.axis import LevelPositions
from analysis.counts import Count, count_flags
from analysis.grid import Grid
from analysis.local_lines import LocalLines, fit_local_lines
from analysis.plateau_null import PlateauNull, plateau_rises
from analysis.rises import Rises, summarize_rises
from analysis.rolling import deltas_of
from analysis.rule_limit import RuleLimit
from analysis.spike_scores import false_alarm_rate
from analysis.stable_phase import StablePhase, find_stable_phase
from analysis.step_spike_summary import StepSpikeSummary, summarize_step_spikes
from analysis.step_spikes import RunSteps
from analysis.telemetry_robust import RobustTelemetry
from analysis.undefined import Undefined
from analysis.volatility import Volatility, summarize_volatility
from configs.telemetry import TelemetryConfig

__all__ = ["RobustSummary", "summarize_robust"]

WHY_NO_NOISE = "the losses of single evaluation tokens are not at hand; they lie in a run directory's checkpoints"


@dataclass(frozen=True, slots=True)
class RobustSummary:
    """What the robust family shows."""

    spikes: Count
    spike_rule: RuleLimit
    backslides: Count | Undefined
    backslides_of_noise: PlateauNull | Undefined
    median_standard_error: float | Undefined
    """Of a paired evaluation difference, in nats."""
    step_spikes: StepSpikeSummary | Undefined
    volatility: Volatility
    rises: Rises
    stable_phase: StablePhase | Undefined


def summarize_robust(
    robust: RobustTelemetry,
    *,
    grid: Grid,
    axis: LevelPositions | Undefined,
    standard_errors: NDArray[np.float64],
    steps: Sequence[RunSteps] | None,
    telemetry: TelemetryConfig,
) -> RobustSummary:
    """Count, measure and judge one condition.

    Args:
        robust: Spikes and backslides.
        grid: The losses that they were derived from, shape (num_seeds, num_levels).
        axis: Where the levels lie.
        standard_errors: Of each delta, in nats, same shape, NaN where unknown.
        steps: The judged training steps of the condition, where they are at hand.
        telemetry: Windows and thresholds.
    """
    lines = _lines(grid, axis=axis, window=telemetry.slope_window)
    known_errors = standard_errors[np.isfinite(standard_errors)]
    num_judged = int(np.isfinite(robust.backslide).sum())
    why = Undefined(WHY_NO_NOISE)
    return RobustSummary(
        spikes=count_flags(robust.spike, grid=grid, noun="delta", which="with at least 2 before them"),
        spike_rule=_spike_limit(robust, telemetry=telemetry),
        backslides=(
            count_flags(robust.backslide, grid=grid, noun="delta", which="with a standard error") if num_judged else why
        ),
        backslides_of_noise=plateau_rises(
            num_levels=grid.num_levels,
            num_deltas=num_judged or int(np.isfinite(deltas_of(grid.values)).sum()),
            noise_multiple=telemetry.backslide_noise_multiple,
        ),
        median_standard_error=float(np.median(known_errors)) if len(known_errors) else why,
        step_spikes=summarize_step_spikes(steps, telemetry=telemetry),
        volatility=summarize_volatility(grid, lines=lines, window=telemetry.window),
        rises=summarize_rises(grid, telemetry=telemetry),
        stable_phase=(
            axis
            if isinstance(axis, Undefined)
            else find_stable_phase(grid, lines=lines, axis=axis.name, telemetry=telemetry)
        ),
    )


def _lines(grid: Grid, *, axis: LevelPositions | Undefined, window: int) -> LocalLines | Undefined:
    if isinstance(axis, Undefined):
        return axis
    # The initial state has seen no token, and none has no logarithm.
    places = np.log2(axis.positions, where=axis.positions > 0, out=np.full(axis.positions.shape, np.nan))
    return fit_local_lines(grid.values, positions=places, window=window)


def _spike_limit(robust: RobustTelemetry, *, telemetry: TelemetryConfig) -> RuleLimit:
    z, window = telemetry.spike_z_threshold, telemetry.window
    rule = (
        f"a delta more than {z:g} SD above the {window} deltas before it, and above "
        f"{telemetry.spike_min_delta_nats:g} nats"
    )
    num_judged = int(np.isfinite(robust.spike).sum())
    if num_judged == 0:
        return RuleLimit(rule, can_fire=False, why="no delta has two others before it")
    rate = false_alarm_rate(z, window=window)
    return RuleLimit(
        rule,
        can_fire=True,
        why=(
            "the judged delta is not in its own window, so that it may lie any number of SD above it; independent "
            f"normal deltas pass with probability {p_value(rate)} each, about {num_judged * rate:.0f} of {num_judged} "
            "here: a flag, not a test"
        ),
    )
