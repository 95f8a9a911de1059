"""Infer from one number per seed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.levels import Label
from analysis.rounding import rounding_of, without_rounding
from analysis.sign_flip import SignFlip, flip_mean
from analysis.t_interval import MeanInterval, mean_interval
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["SeedMeasure", "SeedValue", "seed_measure", "untested_measure"]


@dataclass(frozen=True, slots=True)
class SeedValue:
    """One number of one seed."""

    seed: Label
    value: float


@dataclass(frozen=True, slots=True)
class SeedMeasure:
    """One number per seed, their t interval, and two tests that they are zero on average."""

    per_seed: tuple[SeedValue, ...]
    interval: MeanInterval
    num_positive: int
    num_seeds: int
    t: float | Undefined
    df: int
    p: float | Undefined
    """Of the one-sample t-test, two-sided."""
    sign_flip: SignFlip | Undefined


def seed_measure(
    values: NDArray[np.float64], *, seeds: tuple[Label, ...], rounding: NDArray[np.float64] | float = 0.0
) -> SeedMeasure:
    """T = mean / (sd / sqrt(n)) on n - 1 degrees of freedom beside the exact sign-flip test of the same mean.

    Both keep their error rate whatever the covariance along the trajectory, since each seed enters as one number.
    Assumes independent seeds; the t-test near-normal values, the sign flip symmetric ones. Values that are rounding
    count as zero, and a spread that is rounding has no t. Missing cells are the caller's: the values are complete.

    Args:
        values: Shape (num_seeds,).
        seeds: Their labels.
        rounding: What rounding alone makes of each value, shape (num_seeds,), or of all.

    Source: as R's t.test; the sign flip in `flip_mean`.
    """
    values, largest = without_rounding(values, rounding=rounding), float(np.max(rounding, initial=0.0))
    t = _t(values, rounding=largest)
    df = max(len(values) - 1, 0)
    return SeedMeasure(
        per_seed=_by_seed(values, seeds=seeds),
        interval=mean_interval(values, rounding=largest),
        num_positive=int(np.sum(values > 0)),
        num_seeds=len(seeds),
        t=t,
        df=df,
        p=t if isinstance(t, Undefined) else float(2 * stats.t.sf(abs(t), df)),
        sign_flip=flip_mean(values),
    )


def untested_measure(
    values: NDArray[np.float64], *, seeds: tuple[Label, ...], why: str, rounding: NDArray[np.float64] | float = 0.0
) -> SeedMeasure:
    """The same interval without a test, for a measure that is not zero under any hypothesis of interest.

    Args:
        values: Shape (num_seeds,).
        seeds: Their labels.
        why: What stands in the place of the tests.
        rounding: What rounding alone makes of each value, shape (num_seeds,), or of all.
    """
    reason = Undefined(why)
    values = without_rounding(values, rounding=rounding)
    return SeedMeasure(
        per_seed=_by_seed(values, seeds=seeds),
        interval=mean_interval(values, rounding=float(np.max(rounding, initial=0.0))),
        num_positive=int(np.sum(values > 0)),
        num_seeds=len(seeds),
        t=reason,
        df=max(len(values) - 1, 0),
        p=reason,
        sign_flip=reason,
    )


def _by_seed(values: NDArray[np.float64], *, seeds: tuple[Label, ...]) -> tuple[SeedValue, ...]:
    return tuple(SeedValue(seed=seed, value=float(value)) for seed, value in zip(seeds, values, strict=True))


def _t(values: NDArray[np.float64], *, rounding: float) -> float | Undefined:
    if len(values) < 2:
        return Undefined(f"{counted(len(values), 'seed')} left; a t-test needs at least 2")
    sd = float(values.std(ddof=1))
    if sd <= max(rounding, rounding_of(values)):
        return Undefined("the values do not vary over the seeds" if values.any() else "the value of every seed is zero")
    return float(values.mean() / (sd / np.sqrt(len(values))))
