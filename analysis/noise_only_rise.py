"""Say how far a flat trajectory would end above its minimum by noise alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.sums_of_squares import split_sums_of_squares, why_untestable
from analysis.undefined import Undefined

__all__ = ["NoiseOnlyRise", "expected_maximum", "noise_only_rise"]

NOTE = (
    "The mean of final minus minimum if every seed's trajectory were flat with independent normal noise of "
    "residual_sd, the root mean square error of the repeated-measures analysis. Autocorrelated noise gives less."
)
# Beyond 10 standard deviations a normal distribution holds less than 1e-23.
INTEGRATION_GRID = np.linspace(-10.0, 10.0, 20_001)


@dataclass(frozen=True, slots=True)
class NoiseOnlyRise:
    """What final minus minimum has to be compared with."""

    value: float
    residual_sd: float
    num_levels: int
    note: str


def noise_only_rise(values: NDArray[np.float64]) -> NoiseOnlyRise | Undefined:
    """sqrt(MS_error) E[max of k standard normals]: the final value is one of the k and zero on average.

    Assumes independent normal noise of one size. Missing cells are the caller's: the grid is complete.

    Args:
        values: Shape (num_seeds, num_levels).

    Returns:
        The value, or why there is no error to take it from.
    """
    reason = why_untestable(values)
    if reason is not None:
        return reason
    num_seeds, num_levels = values.shape
    residual_sd = float(np.sqrt(split_sums_of_squares(values).error / ((num_seeds - 1) * (num_levels - 1))))
    return NoiseOnlyRise(
        value=residual_sd * expected_maximum(num_levels), residual_sd=residual_sd, num_levels=num_levels, note=NOTE
    )


def expected_maximum(num_values: int) -> float:
    """The mean of the largest of `num_values` standard normals: integral of 1 - F^k above 0 less that of F^k below."""
    powers = stats.norm.cdf(INTEGRATION_GRID) ** num_values
    integrand = np.where(INTEGRATION_GRID > 0, 1 - powers, -powers)
    # At zero the integrand jumps from -F^k to 1 - F^k; the trapezoids meet in the middle.
    integrand[INTEGRATION_GRID == 0] += 0.5
    return float(np.trapezoid(integrand, INTEGRATION_GRID))
