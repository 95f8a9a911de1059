"""Compare levels two by two with paired t-tests."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.grid import Grid
from analysis.levels import Label
from analysis.paired_t import holm, paired_t
from analysis.t_interval import t_critical
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["PairedTest", "Pairs", "compare_pairs", "resolve_pairs"]

MAX_LEVELS_ALL_PAIRS = 60  # 1,770 pairs


class Pairs(StrEnum):
    """Which pairs of levels are compared."""

    AUTO = "auto"
    """All pairs up to 60 levels, above that each level with the first."""
    ALL = "all"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Level a minus level b, over the same seeds."""

    a: Label
    b: Label
    mean_difference: float | Undefined
    ci95_low: float | Undefined
    ci95_high: float | Undefined
    t: float | Undefined
    df: int
    p: float | Undefined
    p_bonferroni: float | Undefined
    p_holm: float | Undefined
    hedges_g: float | Undefined
    """Mean over SD of the differences, times the small-sample correction: g_z, not pingouin's g on the average SD."""


def resolve_pairs(pairs: Pairs, *, num_levels: int) -> Pairs:
    """`Pairs.ALL` or `Pairs.REFERENCE`, whichever `pairs` means for this many levels."""
    if pairs is not Pairs.AUTO:
        return pairs
    return Pairs.ALL if num_levels <= MAX_LEVELS_ALL_PAIRS else Pairs.REFERENCE


def compare_pairs(grid: Grid, *, pairs: Pairs = Pairs.AUTO) -> tuple[PairedTest, ...]:
    """Paired t-tests of a - b, corrected by Bonferroni and Holm over all rows.

    t = mean / (sd / sqrt(n)) of the differences on n - 1 degrees of freedom, p two-sided.
    g_z = J mean / sd with J = gamma(v / 2) / (sqrt(v / 2) gamma((v - 1) / 2)), v = n - 1 (Hedges 1981).
    A pair whose differences do not vary over seeds keeps its row, without t, and still counts in the corrections.
    Assumes independent seeds and near-normal differences. Missing cells are the caller's: the grid is complete.

    Args:
        grid: Complete, shape (num_seeds, num_levels).
        pairs: Which pairs; the reference is the first level.

    Returns:
        One row per pair, a before b in the order of the levels.
    """
    if grid.num_levels < 2:
        return ()
    if resolve_pairs(pairs, num_levels=grid.num_levels) is Pairs.ALL:
        chosen = np.array(list(combinations(range(grid.num_levels), 2)))
    else:
        chosen = np.array([(0, level) for level in range(1, grid.num_levels)])
    if grid.num_subjects < 2:
        return _untested(grid, chosen=chosen)
    return _tested(grid, chosen=chosen)


def _untested(grid: Grid, *, chosen: NDArray[np.intp]) -> tuple[PairedTest, ...]:
    why = Undefined(f"{counted(grid.num_subjects, 'seed')} left; a t-test needs at least 2")
    differences = [grid.values[:, a] - grid.values[:, b] for a, b in chosen]
    return tuple(
        _row(grid, pair=pair, mean=float(difference[0]) if len(difference) else why, why=why)
        for pair, difference in zip(chosen, differences, strict=True)
    )


def _tested(grid: Grid, *, chosen: NDArray[np.intp]) -> tuple[PairedTest, ...]:
    tests, df = paired_t(grid.values, pairs=chosen), grid.num_subjects - 1
    bonferroni, by_holm = np.minimum(len(chosen) * tests.p, 1.0), holm(tests.p)
    half_width = t_critical(df) * tests.standard_error
    return tuple(
        _fixed_row(grid, pair=pair, mean=float(tests.mean[row]))
        if tests.is_fixed[row]
        else PairedTest(
            a=grid.levels[pair[0]],
            b=grid.levels[pair[1]],
            mean_difference=float(tests.mean[row]),
            ci95_low=float(tests.mean[row] - half_width[row]),
            ci95_high=float(tests.mean[row] + half_width[row]),
            t=float(tests.t[row]),
            df=df,
            p=float(tests.p[row]),
            p_bonferroni=float(bonferroni[row]),
            p_holm=float(by_holm[row]),
            hedges_g=_hedges_g(float(tests.mean[row] / tests.sd[row]), df=df),
        )
        for row, pair in enumerate(chosen)
    )


def _fixed_row(grid: Grid, *, pair: NDArray[np.intp], mean: float) -> PairedTest:
    return _row(grid, pair=pair, mean=mean, why=Undefined("the difference does not vary over the seeds"))


def _row(grid: Grid, *, pair: NDArray[np.intp], mean: float | Undefined, why: Undefined) -> PairedTest:
    return PairedTest(
        a=grid.levels[pair[0]],
        b=grid.levels[pair[1]],
        mean_difference=mean,
        ci95_low=why,
        ci95_high=why,
        t=why,
        df=max(grid.num_subjects - 1, 0),
        p=why,
        p_bonferroni=why,
        p_holm=why,
        hedges_g=why,
    )


def _hedges_g(g_z: float, *, df: int) -> float | Undefined:
    if df < 2:
        return Undefined("the small-sample correction needs at least 3 seeds")
    return g_z * float(np.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / np.sqrt(df / 2))
