"""Estimate how far the levels are from sphericity."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.contrasts import contrast_scores
from analysis.undefined import Undefined

__all__ = ["Epsilons", "epsilons_of_residuals", "estimate_epsilons"]


@dataclass(frozen=True, slots=True)
class Epsilons:
    """Estimates of epsilon: 1 under sphericity, 1 / (num_levels - 1) at worst."""

    gg: float
    gg_ceiling: float
    hf: float
    hf_raw: float | Undefined
    cm: float | Undefined
    lb: float


def estimate_epsilons(values: NDArray[np.float64]) -> Epsilons:
    """Greenhouse-Geisser, Huynh-Feldt, Chi-Muller and the lower bound.

    With d = num_levels - 1, v = num_seeds - 1 and G the covariance of the orthonormal contrasts:

    - gg = tr(G)^2 / (d tr(G^2)). G has rank v at most, so that gg cannot exceed min(1, v / d), its ceiling.
    - hf_raw = (num_seeds d gg - 2) / (d (v - d gg)), undefined where its denominator is zero; hf is hf_raw clipped to
      [1/d, 1], and 1 where hf_raw is undefined.
    - cm = hf (a - 2)(a - 4) / a^2 with a = (v - 1) + v (v - 1) / 2, clipped to [1/d, 1]; undefined at two seeds, where
      a is zero.
    - lb = 1 / d.

    Assumes independent seeds with a common covariance over levels. Missing cells are the caller's: the grid is
    complete.

    Args:
        values: Shape (num_seeds, num_levels), both at least 2, with an error above zero.

    Source: gg and hf as in pingouin.epsilon and R's anova.mlm; the factor of cm as in pyglimmpse, by its authors' group
    (Chi, Gribbin, Lamers, Gregory, Muller 2012, PMC3396026).
    """
    scores = contrast_scores(values)
    return epsilons_of_residuals(scores - scores.mean(axis=0), v=len(values) - 1)


def epsilons_of_residuals(residuals: NDArray[np.float64], *, v: int) -> Epsilons:
    """The same from contrast scores less their means, of one group of seeds or pooled over several.

    Args:
        residuals: Not all zero, shape (num_seeds, d).
        v: Degrees of freedom between seeds: seeds less groups. Huynh-Feldt's formula takes v + 1 for the seeds.
    """
    d = residuals.shape[1]
    lower_bound, ceiling = 1 / d, min(1.0, v / d)
    gg = _clip(_greenhouse_geisser(residuals), low=lower_bound, high=ceiling)
    hf_raw = _huynh_feldt(gg, num_seeds=v + 1, d=d)
    hf = 1.0 if isinstance(hf_raw, Undefined) else _clip(hf_raw, low=lower_bound, high=1.0)
    return Epsilons(gg=gg, gg_ceiling=ceiling, hf=hf, hf_raw=hf_raw, cm=_chi_muller(hf, v=v, d=d), lb=lower_bound)


def _greenhouse_geisser(residuals: NDArray[np.float64]) -> float:
    num_seeds, d = residuals.shape
    # Scaled to trace 1, so that squares cannot overflow. R R' and R'R share their non-zero eigenvalues.
    scaled = residuals / np.linalg.norm(residuals)
    gram = scaled @ scaled.T if num_seeds <= d else scaled.T @ scaled
    return float(1 / (d * np.sum(gram**2)))


def _huynh_feldt(gg: float, *, num_seeds: int, d: int) -> float | Undefined:
    v = num_seeds - 1
    denominator = v - d * gg
    if denominator <= 1e-9 * v:
        return Undefined("the denominator num_seeds - 1 - d eps_GG is zero: eps_GG stands at its ceiling")
    return (num_seeds * d * gg - 2) / (d * denominator)


def _chi_muller(hf: float, *, v: int, d: int) -> float | Undefined:
    a = (v - 1) + v * (v - 1) / 2
    if a == 0:
        return Undefined("Chi-Muller's correction needs at least 3 seeds")
    return _clip(hf * (a - 2) * (a - 4) / a**2, low=1 / d, high=1.0)


def _clip(value: float, *, low: float, high: float) -> float:
    return min(max(value, low), high)
