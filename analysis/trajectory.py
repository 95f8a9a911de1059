"""Derive from one condition's losses all that depends on their order: telemetry and stopping."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.axis import Axis, level_positions
from analysis.common_mode import DataOrder
from analysis.grid import Grid
from analysis.lost_pairs import warn_about_lost_pairs
from analysis.step_spikes import RunSteps
from analysis.stopping import Stopping, summarize_stopping
from analysis.telemetry import TelemetrySummary, summarize_telemetry
from analysis.undefined import Undefined
from configs.telemetry import TelemetryConfig

__all__ = ["Trajectory", "summarize_trajectory"]


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One condition."""

    telemetry: TelemetrySummary
    stopping: Stopping | Undefined
    warnings: tuple[str, ...]
    """On what neither of them counts."""


def summarize_trajectory(
    losses: Grid,
    *,
    axis: Axis | Undefined,
    joules: NDArray[np.float64] | Undefined,
    telemetry: TelemetryConfig,
    standard_errors: NDArray[np.float64] | None = None,
    steps: Sequence[RunSteps] | None = None,
    data_order: DataOrder = DataOrder.UNKNOWN,
) -> Trajectory:
    """Sum up telemetry and stopping.

    Args:
        losses: In nats, shape (num_seeds, num_levels), gaps as NaN.
        axis: Where the levels lie.
        joules: Energy of each interval, same shape, or why there is none.
        telemetry: Windows and thresholds.
        standard_errors: Of each delta, in nats, same shape, NaN where unknown; None where no token losses are at hand.
        steps: The judged training steps of the condition; None where no step losses are at hand.
        data_order: Whether the seeds saw the training data in one order.
    """
    positions = level_positions(axis, levels=losses.levels)
    return Trajectory(
        telemetry=summarize_telemetry(
            losses,
            axis=positions,
            telemetry=telemetry,
            standard_errors=standard_errors,
            steps=steps,
            data_order=data_order,
        ),
        stopping=summarize_stopping(losses, axis=positions, joules=joules, telemetry=telemetry),
        warnings=warn_about_lost_pairs(losses),
    )
