"""Sum up the telemetry of one condition, by the published rules and by robust ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.audit import without_unusable
from analysis.axis import LevelPositions
from analysis.between_seeds import BetweenSeeds, spread_between_seeds
from analysis.common_mode import CommonMode, DataOrder, common_mode
from analysis.grid import Grid
from analysis.levels import Label
from analysis.published_summary import PublishedSummary, summarize_published
from analysis.robust_summary import RobustSummary, summarize_robust
from analysis.rounding import first_lowest
from analysis.step_spikes import RunSteps
from analysis.telemetry_published import published_telemetry
from analysis.telemetry_robust import robust_telemetry
from analysis.undefined import Undefined
from configs.telemetry import TelemetryConfig

__all__ = ["BestLevel", "TelemetrySummary", "summarize_telemetry"]


@dataclass(frozen=True, slots=True)
class BestLevel:
    """Where one seed's loss is lowest, among the cells it has; the first such level if there are several."""

    seed: Label
    level: Label
    val_loss: float


@dataclass(frozen=True, slots=True)
class TelemetrySummary:
    """Telemetry of one condition."""

    config: dict[str, Any]  # Any: the values of a config section
    num_deltas: int
    published: PublishedSummary
    robust: RobustSummary
    between_seeds: tuple[BetweenSeeds, ...]
    common_mode: CommonMode | Undefined
    best: tuple[BestLevel, ...]


def summarize_telemetry(
    grid: Grid,
    *,
    axis: LevelPositions | Undefined,
    telemetry: TelemetryConfig,
    standard_errors: NDArray[np.float64] | None = None,
    steps: Sequence[RunSteps] | None = None,
    data_order: DataOrder = DataOrder.UNKNOWN,
) -> TelemetrySummary:
    """Derive and sum up both families of measures, with their denominators and with what each rule could show.

    Cells without a value are left out of each count and of its denominator.

    Args:
        grid: Losses in nats, shape (num_seeds, num_levels), gaps as NaN.
        axis: Where the levels lie.
        telemetry: Windows and thresholds.
        standard_errors: Of each delta, in nats, same shape, NaN where unknown; None where no token losses are at hand.
        steps: The judged training steps of the condition; None where no step losses are at hand.
        data_order: Whether the seeds saw the training data in one order.
    """
    grid = replace(grid, values=without_unusable(grid.values))
    published = published_telemetry(grid.values, telemetry=telemetry)
    errors = np.full(grid.values.shape, np.nan) if standard_errors is None else standard_errors
    return TelemetrySummary(
        config=telemetry.model_dump(),
        num_deltas=int(np.isfinite(published.delta).sum()),
        published=summarize_published(published, grid=grid, telemetry=telemetry),
        robust=summarize_robust(
            robust_telemetry(published.delta, standard_errors=errors, telemetry=telemetry),
            grid=grid,
            axis=axis,
            standard_errors=errors,
            steps=steps,
            telemetry=telemetry,
        ),
        between_seeds=spread_between_seeds(grid),
        common_mode=common_mode(grid, window=telemetry.window, data_order=data_order),
        best=_best(grid),
    )


def _best(grid: Grid) -> tuple[BestLevel, ...]:
    has_value = np.asarray(np.any(np.isfinite(grid.values), axis=1))
    return tuple(
        BestLevel(seed=seed, level=grid.levels[int(first_lowest(row[None])[0])], val_loss=float(np.nanmin(row)))
        for seed, row, is_known in zip(grid.subjects, grid.values, has_value, strict=True)
        if is_known
    )
