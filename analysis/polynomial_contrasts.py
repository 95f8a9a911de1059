"""Take each seed's linear, quadratic and cubic trend over the levels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.axis import LevelPositions
from analysis.grid import Grid
from analysis.linear_measure import linear_measure
from analysis.paired_t import holm
from analysis.seed_measure import SeedMeasure
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["PolynomialContrast", "orthonormal_polynomials", "polynomial_contrasts"]

NAMES = ("linear", "quadratic", "cubic")


@dataclass(frozen=True, slots=True)
class PolynomialContrast:
    """One orthonormal polynomial contrast over the seeds."""

    degree: int
    name: str
    measure: SeedMeasure
    p_holm: float | Undefined
    """Of the t-tests, over the degrees reported."""


def polynomial_contrasts(grid: Grid, *, axis: LevelPositions | Undefined) -> tuple[PolynomialContrast, ...] | Undefined:
    """Scores Y c_d of each seed on orthonormal polynomials c_d of the positions, d up to 3, with t and sign flip.

    Levels need not be equally spaced. One number per seed and degree, so that the covariance along the trajectory does
    no harm. Assumes independent seeds. Missing cells are the caller's: the grid is complete.

    Args:
        grid: Complete, shape (num_seeds, num_levels).
        axis: Where the levels lie.

    Returns:
        One contrast per degree, or why there is none.

    Source: contrasts as R's contr.poly(k, scores = positions).
    """
    if isinstance(axis, Undefined):
        return axis
    if grid.num_levels < 2:
        return Undefined(f"{counted(grid.num_levels, 'level')} left; a trend needs at least 2")
    contrasts = orthonormal_polynomials(axis.positions, max_degree=min(len(NAMES), grid.num_levels - 1))
    measures = [linear_measure(grid, weights=contrast) for contrast in contrasts]
    tests = np.array([1.0 if isinstance(measure.p, Undefined) else measure.p for measure in measures])
    return tuple(
        PolynomialContrast(
            degree=degree,
            name=NAMES[degree - 1],
            measure=measure,
            p_holm=measure.p if isinstance(measure.p, Undefined) else float(corrected),
        )
        for degree, (measure, corrected) in enumerate(zip(measures, holm(tests), strict=True), start=1)
    )


def orthonormal_polynomials(positions: NDArray[np.float64], *, max_degree: int) -> NDArray[np.float64]:
    """Polynomials of degree 1, 2, ... that are orthonormal over the positions and sum to zero.

    Args:
        positions: Distinct, shape (num_levels,), more than `max_degree`.
        max_degree: Highest degree.

    Returns:
        Shape (max_degree, num_levels), each with a positive leading coefficient.
    """
    centred = positions - positions.mean()
    powers = np.vander(centred / np.abs(centred).max(), max_degree + 1, increasing=True)
    q, r = np.linalg.qr(powers)
    return np.asarray((q * np.sign(np.diag(r)))[:, 1:].T)
