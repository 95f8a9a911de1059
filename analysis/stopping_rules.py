"""Replay a trajectory under the usual rules for stopping early."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.rises import generalization_loss, successive_rises
from configs.counted import counted
from configs.telemetry import TelemetryConfig

__all__ = ["StoppingRule", "declared_rules", "stopping_columns"]


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """A rule with its threshold."""

    family: str
    """`patience`, `generalization-loss` or `successive-rises`."""
    threshold: float
    text: str


def declared_rules(telemetry: TelemetryConfig) -> tuple[StoppingRule, ...]:
    """The rules that the config asks about, in its order."""
    least = telemetry.patience_min_delta_nats
    new = "no new minimum" if least == 0 else f"no new minimum by more than {least:g} nats"
    percent, rises = telemetry.generalization_loss_percent, telemetry.successive_rises
    return (
        *(
            StoppingRule("patience", float(patience), f"{new} for {counted(patience, 'interval')}")
            for patience in telemetry.patience_intervals
        ),
        StoppingRule("generalization-loss", percent, f"loss more than {percent:g} % above its minimum (Prechelt's GL)"),
        StoppingRule("successive-rises", float(rises), f"{counted(rises, 'rise')} in a row (Prechelt's UP)"),
    )


def stopping_columns(losses: NDArray[np.float64], *, rule: StoppingRule, min_delta_nats: float) -> NDArray[np.intp]:
    """The column at which each trajectory would have stopped; num_levels where it never would.

    - patience: the first level with `threshold` levels since the last minimum, itself included, that was lower than the
      one before by more than `min_delta_nats`.
    - generalization-loss: the first level with GL_t > threshold.
    - successive-rises: the first level that ends `threshold` rises in a row.

    Args:
        losses: Complete, shape (num_seeds, num_levels).
        rule: The rule.
        min_delta_nats: Of patience.
    """
    if rule.family == "patience":
        meets = _waited(losses, min_delta_nats=min_delta_nats) >= rule.threshold
    elif rule.family == "generalization-loss":
        meets = generalization_loss(losses) > rule.threshold
    else:
        meets = successive_rises(losses) >= rule.threshold
    return np.asarray(np.where(meets.any(axis=1), meets.argmax(axis=1), losses.shape[1]))


def _waited(losses: NDArray[np.float64], *, min_delta_nats: float) -> NDArray[np.float64]:
    """Levels since the last minimum that counted, shape (num_seeds, num_levels)."""
    waited = np.zeros(losses.shape)
    best = losses[:, 0].copy()
    for level in range(1, losses.shape[1]):
        is_new = losses[:, level] < best - min_delta_nats
        best = np.where(is_new, losses[:, level], best)
        waited[:, level] = np.where(is_new, 0, waited[:, level - 1] + 1)
    return waited
