"""One-way repeated-measures analysis of variance with corrected p-values."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pingouin
from numpy.typing import NDArray

from analysis.corrected_p import CorrectedP, corrected_p
from analysis.epsilons import Epsilons, estimate_epsilons
from analysis.mauchly import Mauchly, mauchly_test
from analysis.sums_of_squares import SumsOfSquares, split_sums_of_squares, why_untestable
from analysis.undefined import Undefined

__all__ = ["RmAnova", "rm_anova"]

# pingouin 0.7.0 divides by zero in its sphericity test at 2 seeds and 3 levels.
MIN_SEEDS_PINGOUIN = 3
# It also builds a matrix of levels by levels, 20 GB at 50,000 levels, for an epsilon that we take from seeds by seeds.
MAX_LEVELS_PINGOUIN = 200


@dataclass(frozen=True, slots=True)
class RmAnova:
    """The effect of the levels within seeds."""

    F: float
    df_effect: int
    df_error: int
    ges: float
    """Generalised eta squared: SS_effect / (SS_effect + SS_error + SS_subject)."""
    pes: float
    """Partial eta squared: SS_effect / (SS_effect + SS_error)."""
    ss: SumsOfSquares
    epsilon: Epsilons
    p: CorrectedP
    headline: str
    mauchly: Mauchly | Undefined


@dataclass(frozen=True, slots=True)
class _FTest:
    f: float
    df_effect: int
    df_error: int


def rm_anova(values: NDArray[np.float64]) -> RmAnova | Undefined:
    """F = (SS_effect / d) / (SS_error / (d v)) with d = num_levels - 1, v = num_seeds - 1.

    pingouin computes F; what it lacks (Huynh-Feldt, Chi-Muller, the bounds, a Mauchly test that knows when it does not
    exist) is computed here. The headline p is Greenhouse-Geisser's, whatever Mauchly says. Assumes independent seeds
    and normal errors. Missing cells are the caller's: the grid is complete.

    Args:
        values: Shape (num_seeds, num_levels).

    Returns:
        The analysis, or why there is none.

    Source: pingouin.rm_anova, after Girden 1992; generalised eta squared after Bakeman 2005.
    """
    reason = why_untestable(values)
    if reason is not None:
        return reason
    sums = split_sums_of_squares(values)
    test = _f_test(values, sums=sums)
    epsilon = estimate_epsilons(values)
    return RmAnova(
        F=test.f,
        df_effect=test.df_effect,
        df_error=test.df_error,
        ges=sums.effect / (sums.effect + sums.error + sums.subject),
        pes=sums.effect / (sums.effect + sums.error),
        ss=sums,
        epsilon=epsilon,
        p=corrected_p(test.f, df_effect=test.df_effect, df_error=test.df_error, epsilon=epsilon),
        headline="gg",
        mauchly=mauchly_test(values),
    )


def _f_test(values: NDArray[np.float64], *, sums: SumsOfSquares) -> _FTest:
    num_seeds, num_levels = values.shape
    if num_seeds < MIN_SEEDS_PINGOUIN or num_levels > MAX_LEVELS_PINGOUIN:
        d, v = num_levels - 1, num_seeds - 1
        return _FTest(f=(sums.effect / d) / (sums.error / (d * v)), df_effect=d, df_error=d * v)
    # pingouin gets the error by subtracting the seeds' sum of squares; without their means it keeps its digits.
    table = _long_form(values - values.mean(axis=1, keepdims=True))
    with warnings.catch_warnings():
        # pingouin 0.7.0 passes dropna an argument that pandas 3.1 deprecates, on every call.
        warnings.filterwarnings("ignore", message="The inplace keyword", category=DeprecationWarning)
        result = pingouin.rm_anova(data=table, dv="value", within="level", subject="seed", correction=False)
    row = result.iloc[0]
    return _FTest(f=float(row["F"]), df_effect=int(row["ddof1"]), df_error=int(row["ddof2"]))


def _long_form(values: NDArray[np.float64]) -> pd.DataFrame:
    num_seeds, num_levels = values.shape
    return pd.DataFrame(
        {
            "seed": np.repeat(np.arange(num_seeds), num_levels),
            "level": np.tile(np.arange(num_levels), num_seeds),
            "value": values.ravel(),
        }
    )
