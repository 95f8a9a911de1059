"""Measure how much of the seeds' ups and downs they share."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from analysis.grid import Grid
from analysis.levels import Label
from analysis.rounding import rounding_of
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["CommonMode", "DataOrder", "common_mode"]

MIN_DELTAS = 3


class DataOrder(StrEnum):
    """Whether the seeds saw the training data in one order."""

    SHARED = "shared"
    OWN = "own"
    UNKNOWN = "unknown"


WARNINGS = {
    DataOrder.SHARED: (
        "All seeds saw the data in the same order, so that order may make the wiggles they share. An effect of the "
        "level is then one of this order, and the spread between seeds says nothing about another one."
    ),
    DataOrder.OWN: (
        "Each seed saw the data in its own order; what they still share comes from the task, the schedule and the "
        "evaluation slice."
    ),
    DataOrder.UNKNOWN: (
        "Whether the seeds saw the data in the same order is not known here. If they did, that order may make the "
        "wiggles they share, and the spread between seeds says nothing about another order."
    ),
}


@dataclass(frozen=True, slots=True)
class CommonMode:
    """Agreement of the seeds' deltas."""

    after_level: Label
    """Deltas that end at later levels count."""
    num_deltas: int
    num_seeds: int
    mean_correlation: float
    """Mean Pearson correlation over pairs of seeds."""
    common_variance_share: float
    """Variance of the seeds' mean delta over the mean variance of their deltas; 1 / num_seeds if they disagree."""
    data_order: DataOrder
    warning: str


def common_mode(grid: Grid, *, window: int, data_order: DataOrder = DataOrder.UNKNOWN) -> CommonMode | Undefined:
    """Compare the seeds' deltas once the first drop has left the rolling window.

    High agreement means that what the seeds share (data order, evaluation slice) makes the wiggles, and that the spread
    between seeds understates how another data order would have gone. Descriptive; assumes nothing. Seeds with a gap in
    these deltas are left out.

    Args:
        grid: Losses, shape (num_seeds, num_levels), gaps as NaN.
        window: Deltas ending at level positions up to this one are set aside.
        data_order: Whether the seeds shared theirs.

    Returns:
        The agreement, or why there is none.
    """
    deltas = np.diff(grid.values, axis=1)[:, window:]
    deltas = deltas[np.isfinite(deltas).all(axis=1)]
    num_seeds, num_deltas = deltas.shape
    if num_seeds < 2 or num_deltas < MIN_DELTAS:
        return Undefined(
            f"{counted(num_seeds, 'complete seed')} and {counted(num_deltas, 'delta')} after the first {window}; "
            f"correlations need at least 2 and {MIN_DELTAS}"
        )
    variances = deltas.var(axis=1, ddof=1)
    if not (np.sqrt(variances) > rounding_of(grid.values)).all():
        return Undefined("some seed's deltas do not vary")
    return CommonMode(
        after_level=grid.levels[window],
        num_deltas=num_deltas,
        num_seeds=num_seeds,
        mean_correlation=_mean_correlation(deltas),
        common_variance_share=float(deltas.mean(axis=0).var(ddof=1) / variances.mean()),
        data_order=data_order,
        warning=WARNINGS[data_order],
    )


def _mean_correlation(deltas: NDArray[np.float64]) -> float:
    correlations = np.atleast_2d(np.corrcoef(deltas))
    return float(correlations[np.triu_indices(len(deltas), k=1)].mean())
