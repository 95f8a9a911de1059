"""Reckon how many rises a plateau of pure noise shows."""

from dataclasses import dataclass

import numpy as np
from scipy import integrate, stats

from analysis.undefined import Undefined

__all__ = ["PlateauNull", "plateau_rises"]


@dataclass(frozen=True, slots=True)
class PlateauNull:
    """Rises that one seed would show without any change but evaluation noise."""

    expected_per_seed: float
    sd_per_seed: float
    expected: float
    """Over all deltas there are; fewer than in complete seeds where cells are missing."""
    why: str


def plateau_rises(*, num_levels: int, num_deltas: int, noise_multiple: float) -> PlateauNull | Undefined:
    """Count rises L_t - L_{t-1} > c SD(L_t - L_{t-1}) among independent normal L_t of equal mean and variance.

    Each of the N = num_levels - 1 deltas of a seed passes with p = P(Z > c), so that N p are expected. Neighbouring
    deltas correlate by -1/2, others do not, so that the variance is N p (1 - p) + 2 (N - 1) (q - p^2), with q the
    probability that two neighbours pass. At c = 0 that is N / 2 and (num_levels + 1) / 12: every other delta rises.

    Args:
        num_levels: Levels of each trajectory.
        num_deltas: Deltas in all, over all seeds.
        noise_multiple: c.

    Returns:
        The null counts; the SD is that of one seed, since noise of a shared evaluation slice is common to all.
    """
    num_per_seed = num_levels - 1
    if num_deltas < 1:
        return Undefined("there is no delta")
    p = float(stats.norm.sf(noise_multiple))
    variance = num_per_seed * p * (1 - p) + 2 * (num_per_seed - 1) * (_both(noise_multiple) - p**2)
    asked = "above zero" if noise_multiple == 0 else f"above {noise_multiple:g} standard errors"
    return PlateauNull(
        expected_per_seed=num_per_seed * p,
        sd_per_seed=float(np.sqrt(max(variance, 0.0))),
        expected=num_deltas * p,
        why=f"a plateau of independent normal noise puts each delta {asked} with probability {p:.4g}",
    )


def _both(c: float) -> float:
    """P(Z1 > c, Z2 > c) for standard normals that correlate by -1/2."""

    # Given Z1 = z, Z2 is normal with mean -z/2 and variance 3/4.
    def density(z: float) -> float:
        return float(stats.norm.pdf(z) * stats.norm.sf((c + z / 2) / np.sqrt(0.75)))

    return float(integrate.quad(density, c, np.inf, epsabs=1e-13)[0])
