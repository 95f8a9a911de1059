"""Split the variance of a grid into that of seeds, of levels and of the rest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sums_of_squares import split_sums_of_squares, why_untestable
from analysis.undefined import Undefined

__all__ = ["VarianceComponent", "VarianceComponents", "variance_components"]


@dataclass(frozen=True, slots=True)
class VarianceComponent:
    """An estimate, which may be negative, and its root."""

    variance: float
    sd: float | Undefined


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """In squared units of the metric, and in its units."""

    seed: VarianceComponent
    """Offsets that seeds keep along the whole run."""
    residual: VarianceComponent
    """What a seed does at one level beyond its offset."""
    level: VarianceComponent
    """Spread of the mean trajectory."""


def variance_components(values: NDArray[np.float64]) -> VarianceComponents | Undefined:
    """From the mean squares: seed (M_seed - M_error) / k, level (M_level - M_error) / n, residual M_error.

    Assumes errors that are independent from level to level. Missing cells are the caller's: the grid is complete.

    Args:
        values: Shape (num_seeds, num_levels).

    Returns:
        The components, or why there are none.

    Source: the moment estimates of a crossed design; where none is negative, those of REML (R's lme4).
    """
    reason = why_untestable(values)
    if reason is not None:
        return reason
    num_seeds, num_levels = values.shape
    sums = split_sums_of_squares(values)
    error = sums.error / ((num_seeds - 1) * (num_levels - 1))
    return VarianceComponents(
        seed=_component((sums.subject / (num_seeds - 1) - error) / num_levels),
        residual=_component(error),
        level=_component((sums.effect / (num_levels - 1) - error) / num_seeds),
    )


def _component(variance: float) -> VarianceComponent:
    if variance < 0:
        return VarianceComponent(variance, Undefined("the estimate is negative: nothing is seen beyond the residual"))
    return VarianceComponent(variance, float(np.sqrt(variance)))
