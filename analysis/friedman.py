"""Friedman's rank test over the levels."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pingouin
from numpy.typing import NDArray

from analysis.replicates import why_one_replicate
from analysis.rounding import as_ties
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["Friedman", "friedman_test"]

CAVEAT = (
    "p assumes that under the null the levels of a seed are exchangeable; neighbouring intervals of one trajectory are "
    "not, so that p is too small. Read Kendall's W as a description."
)


@dataclass(frozen=True, slots=True)
class Friedman:
    """Friedman's Q and Kendall's coefficient of concordance."""

    Q: float
    kendall_w: float
    df: int
    p: float
    warning: str


def friedman_test(values: NDArray[np.float64]) -> Friedman | Undefined:
    """Q = n (k - 1) W from ranks within seeds, ties averaged and corrected for; p from chi-squared on k - 1 df.

    Values of a seed that differ by rounding tie.

    Assumes exchangeable levels, which trajectories are not: at AR(1) .9 the level of the test is .13 to .17 instead of
    .05. Missing cells are the caller's: the grid is complete.

    Args:
        values: Shape (num_seeds, num_levels).

    Returns:
        The test with its caveat, or why there is none.

    Source: pingouin.friedman, which agrees with scipy.stats.friedmanchisquare.
    """
    num_seeds, num_levels = values.shape
    if num_seeds < 2 or num_levels < 2:
        return Undefined(
            f"{counted(num_seeds, 'seed')} and {counted(num_levels, 'level')} left; ranks need at least 2 of each"
        )
    tied = as_ties(values)
    if not np.ptp(tied, axis=1).any():
        return Undefined("all values of each seed are equal, so that there are no ranks")
    why = why_one_replicate(values)
    if why is not None:
        return why
    table = pd.DataFrame(
        {
            "seed": np.repeat(np.arange(num_seeds), num_levels),
            "level": np.tile(np.arange(num_levels), num_seeds),
            "value": tied.ravel(),
        }
    )
    row = pingouin.friedman(data=table, dv="value", within="level", subject="seed").iloc[0]
    return Friedman(
        Q=float(row["Q"]), kendall_w=float(row["W"]), df=int(row["ddof1"]), p=float(row["p_unc"]), warning=CAVEAT
    )
