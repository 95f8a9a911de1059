"""Find seeds that lie away from the others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.grid import Grid
from analysis.levels import Label
from analysis.paired_t import holm
from analysis.rounding import LEAST_SPREAD, rounding_of
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["SeedDeviation", "outlying_seeds", "studentized_deviations"]

MIN_SEEDS = 4
SHAPE = "shape"
STANDS_OUT_BELOW = 0.05
WHY_NO_SPREAD = Undefined("the other seeds are all equal in this respect")


@dataclass(frozen=True, slots=True)
class SeedDeviation:
    """How far one seed lies from the others in one respect."""

    seed: Label
    what: str
    """`offset`: its average over the levels. `shape`: log of the root mean square distance of its trajectory, less its
    offset, from the mean of the others."""
    value: float
    t: float | Undefined
    df: int
    p: float | Undefined
    p_holm: float | Undefined
    """Over the seeds."""
    stands_out: bool
    """p_holm below .05."""


def outlying_seeds(grid: Grid) -> tuple[SeedDeviation, ...] | Undefined:
    """Externally studentized deviation of each seed from the mean of the others, in offset and in shape.

    t_i = (y_i - mean of the others) / (s_i sqrt(1 + 1 / (n - 1))) on n - 2 degrees of freedom, s_i the SD of the
    others, Holm's correction over the seeds. p is two-sided for the offset and one-sided for the shape, where only a
    seed that is far from the others stands out: the logarithm of a short distance has a long lower tail. Assumes that
    the other seeds are a normal sample; with few seeds only a far one is seen, and two outlying seeds hide each other.
    Missing cells are the caller's: the grid is complete.

    Args:
        grid: Complete, shape (num_seeds, num_levels).

    Returns:
        Two rows per seed, or why there are none. A respect in which seeds do not differ has no rows.

    Source: as R's rstudent(lm(y ~ 1)).
    """
    if grid.num_subjects < MIN_SEEDS or grid.num_levels == 0:
        return Undefined(
            f"{counted(grid.num_subjects, 'seed')} and {counted(grid.num_levels, 'level')}; it takes {MIN_SEEDS} seeds"
        )
    rounding, distances = rounding_of(grid.values), _distances(grid.values)
    rows = _deviations(grid.values.mean(axis=1), what="offset", seeds=grid.subjects, rounding=rounding)
    nearest = float(distances.min())
    if nearest > rounding:
        rows += _deviations(np.log(distances), what=SHAPE, seeds=grid.subjects, rounding=rounding / nearest)
    return tuple(rows)


def studentized_deviations(values: NDArray[np.float64], *, rounding: float = 0.0) -> NDArray[np.float64]:
    """The t of each value against the others, shape (num_seeds,), for at least 3 values.

    Infinite or NaN where the others are all equal, but for rounding.

    Args:
        values: One number per seed.
        rounding: What rounding alone makes of these values, where they were computed from larger ones.
    """
    num_seeds = len(values)
    centred = values - values.mean()
    # The others' sum of squares about their own mean, without leaving anyone out by hand.
    others = np.sum(centred**2) - centred**2 * num_seeds / (num_seeds - 1)
    is_spread = (others > LEAST_SPREAD * np.sum(centred**2)) & (others > num_seeds * rounding**2)
    others = np.where(is_spread, others, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = centred * np.sqrt(num_seeds / (num_seeds - 1)) / np.sqrt(others / (num_seeds - 2))
    return np.asarray(t)


def _deviations(
    values: NDArray[np.float64], *, what: str, seeds: tuple[Label, ...], rounding: float
) -> list[SeedDeviation]:
    if float(np.ptp(values)) <= rounding:
        return []
    df = len(seeds) - 2
    t = studentized_deviations(values, rounding=rounding)
    is_tested = np.isfinite(t)
    tail = stats.t.sf(t, df) if what == SHAPE else 2 * stats.t.sf(np.abs(t), df)
    p = np.where(is_tested, tail, 1.0)
    corrected = holm(p)
    return [
        SeedDeviation(
            seed=seed,
            what=what,
            value=float(values[row]),
            t=float(t[row]) if is_tested[row] else WHY_NO_SPREAD,
            df=df,
            p=float(p[row]) if is_tested[row] else WHY_NO_SPREAD,
            p_holm=float(corrected[row]) if is_tested[row] else WHY_NO_SPREAD,
            stands_out=bool(corrected[row] < STANDS_OUT_BELOW),
        )
        for row, seed in enumerate(seeds)
    ]


def _distances(values: NDArray[np.float64]) -> NDArray[np.float64]:
    others = (values.sum(axis=0) - values) / (len(values) - 1)
    deviations = values - others
    return np.asarray(deviations.std(axis=1))
