"""Mauchly's test of sphericity, where it exists."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.contrasts import contrast_scores
from analysis.undefined import Undefined

__all__ = ["Mauchly", "mauchly_test"]


@dataclass(frozen=True, slots=True)
class Mauchly:
    """Mauchly's W and the chi-squared approximation of its p."""

    W: float
    chi2: float
    df: int
    p: float


def mauchly_test(values: NDArray[np.float64]) -> Mauchly | Undefined:
    """W = det(S) / (tr(S) / d)^d; chi2 = -v f ln W with f = 1 - (2 d^2 + d + 2) / (6 d v), on d (d + 1) / 2 - 1 df.

    S is the covariance of the orthonormal contrasts, d = num_levels - 1, v = num_seeds - 1. With v < d, S has no full
    rank and W is zero whatever the truth. Its power at few seeds is so low that nothing here branches on it. Assumes
    normal values. Missing cells are the caller's: the grid is complete.

    Args:
        values: Shape (num_seeds, num_levels), both at least 2, with an error above zero.

    Returns:
        The test, or why there is none.

    Source: as in pingouin.sphericity and R's mauchly.test, which add a small second-order term to p.
    """
    d, v = values.shape[1] - 1, values.shape[0] - 1
    if d < 2:
        return Undefined("two levels have one difference, which is spherical by itself")
    if v < d:
        return Undefined(f"n - 1 = {v} < k - 1 = {d}: the covariance of the contrasts is singular")
    log_w = _log_w(contrast_scores(values), d=d)
    if not np.isfinite(log_w):
        return Undefined("the covariance of the contrasts is singular: some contrast is constant over seeds")
    df = d * (d + 1) // 2 - 1
    chi2 = float(-v * (1 - (2 * d**2 + d + 2) / (6 * d * v)) * log_w)
    return Mauchly(W=float(np.exp(log_w)), chi2=chi2, df=df, p=float(stats.chi2.sf(chi2, df)))


def _log_w(scores: NDArray[np.float64], *, d: int) -> float:
    residuals = scores - scores.mean(axis=0)
    spread = np.linalg.svd(residuals / np.linalg.norm(residuals), compute_uv=False)
    if spread[-1] <= d * np.finfo(np.float64).eps * spread[0]:
        return -np.inf
    return float(2 * np.sum(np.log(spread)) + d * np.log(d))
