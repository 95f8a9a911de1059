"""Price each interval: how many nats its tokens and its joules bought."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.axis import TOKENS, LevelPositions
from analysis.grid import Grid
from analysis.levels import Label
from analysis.rounding import rounding_of, rounding_of_rows, without_rounding
from analysis.t_interval import MeanInterval, mean_interval
from analysis.undefined import Undefined

__all__ = ["MarginalGain", "marginal_gains"]

TOKENS_PER_UNIT = 1_000_000


@dataclass(frozen=True, slots=True)
class MarginalGain:
    """What one interval bought; below zero where the loss rose."""

    from_level: Label
    to_level: Label
    unit: str
    gain: MeanInterval
    """(L_{t-1} - L_t) per unit, over seeds."""
    gain_per_joule: MeanInterval | Undefined
    """(L_{t-1} - L_t) / joules of the interval, in nats per joule, over seeds."""


def marginal_gains(
    grid: Grid, *, axis: LevelPositions, joules: NDArray[np.float64] | Undefined
) -> tuple[MarginalGain, ...]:
    """One row per pair of neighbouring levels; each seed gives one number, and the t interval is over seeds.

    Args:
        grid: Losses in nats, complete, shape (num_seeds, num_levels).
        axis: Where the levels lie; per million tokens where these are tokens, else per unit of the axis.
        joules: Energy of each interval, same shape, NaN where it was not measured; or why there is none.
    """
    is_tokens = axis.name == TOKENS
    scale = TOKENS_PER_UNIT if is_tokens else 1
    unit = "nats per million tokens" if is_tokens else f"nats per unit of {axis.name}"
    falls = without_rounding(-np.diff(grid.values, axis=1), rounding=rounding_of_rows(grid.values)[:, None])
    per_unit = scale / np.diff(axis.positions)
    return tuple(
        MarginalGain(
            from_level=grid.levels[column],
            to_level=grid.levels[column + 1],
            unit=unit,
            gain=mean_interval(
                falls[:, column] * per_unit[column], rounding=rounding_of(grid.values) * per_unit[column]
            ),
            gain_per_joule=_per_joule(
                falls[:, column], joules=joules if isinstance(joules, Undefined) else joules[:, column + 1]
            ),
        )
        for column in range(grid.num_levels - 1)
    )


def _per_joule(falls: NDArray[np.float64], *, joules: NDArray[np.float64] | Undefined) -> MeanInterval | Undefined:
    if isinstance(joules, Undefined):
        return joules
    if not (np.isfinite(joules) & (joules > 0)).all():
        return Undefined("the energy of this interval was not measured for every seed")
    return mean_interval(falls / joules)
