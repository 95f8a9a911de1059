"""Intraclass correlations of a complete grid."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.sums_of_squares import split_sums_of_squares, why_untestable
from analysis.undefined import Undefined, finite_or_undefined

__all__ = ["IntraclassCorrelation", "intraclass_correlations"]

MEANINGS = {
    (
        "seeds",
        "consistency",
    ): "share of the variance between seeds at a level that a seed keeps along its whole run",
    ("seeds", "agreement"): "the same with the spread between levels counted as disagreement",
    ("levels", "consistency"): "how alike the seeds' trajectories are in shape, whatever their offsets",
    ("levels", "agreement"): "how alike the seeds' trajectories are in shape and height",
}
NO_INTERVAL = "one mean square vanishes beside the others, which leaves Satterthwaite's interval no degrees of freedom"


@dataclass(frozen=True, slots=True)
class IntraclassCorrelation:
    """One coefficient for a single measurement, with its 95 % interval."""

    of: str
    """`seeds` or `levels`: what is told apart."""
    type: str
    """`consistency`, ICC(C,1), or `agreement`, ICC(A,1)."""
    value: float
    """At most 1; a negative estimate says that nothing is told apart."""
    ci95_low: float | Undefined
    ci95_high: float | Undefined
    meaning: str


@dataclass(frozen=True, slots=True)
class _MeanSquares:
    """Of a table of targets by raters."""

    targets: float
    raters: float
    error: float
    num_targets: int
    num_raters: int


def intraclass_correlations(values: NDArray[np.float64]) -> tuple[IntraclassCorrelation, ...] | Undefined:
    """ICC(C,1) and ICC(A,1) of the seeds, judged by the levels, and of the levels, judged by the seeds.

    With T targets, R raters and mean squares M: C = (M_T - M_E) / (M_T + (R - 1) M_E), A = (M_T - M_E) / (M_T +
    (R - 1) M_E + R (M_R - M_E) / T). Intervals from F; that of A by Satterthwaite's approximation. Assumes normal
    effects and errors that are independent from level to level, which those of trajectories are not: read the intervals
    as too narrow. Missing cells are the caller's: the grid is complete.

    Args:
        values: Shape (num_seeds, num_levels).

    Returns:
        Four coefficients, or why there are none.

    Source: McGraw and Wong 1996; as R's psych::ICC (ICC3 and ICC2).
    """
    reason = why_untestable(values)
    if reason is not None:
        return reason
    num_seeds, num_levels = values.shape
    sums = split_sums_of_squares(values)
    by_seed, by_level = sums.subject / (num_seeds - 1), sums.effect / (num_levels - 1)
    error = sums.error / ((num_seeds - 1) * (num_levels - 1))
    tables = {
        "seeds": _MeanSquares(by_seed, by_level, error, num_seeds, num_levels),
        "levels": _MeanSquares(by_level, by_seed, error, num_levels, num_seeds),
    }
    return tuple(estimate(squares, of=of) for of, squares in tables.items() for estimate in (_consistency, _agreement))


def _consistency(squares: _MeanSquares, *, of: str) -> IntraclassCorrelation:
    num_raters = squares.num_raters
    ratio, df = squares.targets / squares.error, squares.num_targets - 1
    df_error = df * (num_raters - 1)
    low, high = ratio / stats.f.ppf(0.975, df, df_error), ratio * stats.f.ppf(0.975, df_error, df)
    value, ci95_low, ci95_high = (float((f - 1) / (f + num_raters - 1)) for f in (ratio, low, high))
    return IntraclassCorrelation(of, "consistency", value, ci95_low, ci95_high, meaning=MEANINGS[of, "consistency"])


def _agreement(squares: _MeanSquares, *, of: str) -> IntraclassCorrelation:
    t, r = squares.num_targets, squares.num_raters
    # Only their ratios count, and those of the largest cannot overflow.
    squares_of_all = np.array([squares.targets, squares.raters, squares.error])
    m_t, m_r, m_e = squares_of_all / squares_of_all.max()
    value = (m_t - m_e) / (m_t + (r - 1) * m_e + r * (m_r - m_e) / t)
    # Where a mean square vanishes beside the others, so do degrees of freedom, and quantiles become infinite.
    with np.errstate(all="ignore"):
        a = r * value / (t * (1 - value))
        b = 1 + r * value * (t - 1) / (t * (1 - value))
        df = (a * m_r + b * m_e) ** 2 / ((a * m_r) ** 2 / (r - 1) + (b * m_e) ** 2 / ((t - 1) * (r - 1)))
        disagreement = r * m_r + (r * t - r - t) * m_e
        low, high = stats.f.ppf(0.975, t - 1, df), stats.f.ppf(0.975, df, t - 1)
        ci95_low = t * (m_t / low - m_e) / (disagreement + t * m_t / low)
        ci95_high = t * (m_t - m_e / high) / (disagreement / high + t * m_t)
    return IntraclassCorrelation(
        of,
        "agreement",
        value=float(value),
        ci95_low=finite_or_undefined(ci95_low, reason=NO_INTERVAL),
        ci95_high=finite_or_undefined(ci95_high, reason=NO_INTERVAL),
        meaning=MEANINGS[of, "agreement"],
    )
