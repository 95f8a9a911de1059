"""How a score grows with size: evenly, or all at once; and whether it follows the loss."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.t_interval import MeanInterval, mean_interval
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["Growth", "RankCorrelation", "growth", "rank_correlation", "size_slope"]

LEAST_SIZES = 2
LEAST_FOR_RANKS = 3


@dataclass(frozen=True, slots=True)
class Growth:
    """BIG-bench's two measures; both are 0 where nothing changes."""

    linearity: float | Undefined
    breakthroughness: float | Undefined


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    """Spearman's rho, one for each seed."""

    per_seed: tuple[float | Undefined, ...]
    interval: MeanInterval
    """Over the seeds that have one: mean and t interval of Fisher's z = artanh(rho), turned back into rho."""
    num_points: int
    """Points of each seed."""


def growth(scores: NDArray[np.float64]) -> Growth | Undefined:
    """Linearity I / sqrt(mean z^2) and breakthroughness I / sqrt(median z^2) of a score over rising sizes.

    z_i = y_{i+1} - y_i, I = sign(argmax y - argmin y) (max y - min y). Source: Srivastava et al. 2022,
    arXiv:2206.04615, as Xia et al. 2023 use them. An even rise over k steps has both at k; a single jump has
    linearity sqrt(k) and, from three steps on, a median of zero, for which breakthroughness is undefined.

    Args:
        scores: One for each size, shape (num_sizes,), smallest size first.
    """
    if len(scores) < LEAST_SIZES:
        return Undefined(f"{counted(len(scores), 'size')}; growth needs {LEAST_SIZES}")
    steps = np.square(np.diff(scores))
    change = float(np.sign(scores.argmax() - scores.argmin()) * np.ptp(scores))
    return Growth(
        linearity=_ratio(change, spread=float(steps.mean()), what="mean"),
        breakthroughness=_ratio(change, spread=float(np.median(steps)), what="median"),
    )


def rank_correlation(
    scores: Sequence[NDArray[np.float64]], *, losses: Sequence[NDArray[np.float64]]
) -> RankCorrelation | Undefined:
    """Spearman's rho of score with loss for each seed, over all its checkpoints of all sizes.

    Checkpoints of one run follow each other, so a p-value of rho over them would be far too small; the interval takes
    seeds as the independent units instead.

    Args:
        scores: One array for each seed, shape (num_checkpoints,).
        losses: Mean loss in nats of the same checkpoints.
    """
    if not scores:
        return Undefined("no seed has checkpoints of every size")
    per_seed = tuple(_spearman(score, loss=loss) for score, loss in zip(scores, losses, strict=True))
    defined = np.array([rho for rho in per_seed if not isinstance(rho, Undefined)])
    interval = _fisher_interval(defined) if len(defined) else _no_interval(per_seed)
    return RankCorrelation(per_seed=per_seed, interval=interval, num_points=len(scores[0]))


def size_slope(losses: NDArray[np.float64], *, num_parameters: NDArray[np.float64]) -> MeanInterval | Undefined:
    """Least-squares slope of loss over ln(parameters) in nats per e-fold of size, over seeds.

    Args:
        losses: Mean loss of one text, shape (num_seeds, num_sizes).
        num_parameters: Shape (num_sizes,).
    """
    if len(np.unique(num_parameters)) < LEAST_SIZES:
        return Undefined(f"1 size; a slope over sizes needs {LEAST_SIZES}")
    points = np.log(num_parameters) - np.log(num_parameters).mean()
    return mean_interval(np.asarray(losses @ points / (points @ points)))


def _ratio(change: float, *, spread: float, what: str) -> float | Undefined:
    if spread == 0:
        return Undefined(f"the {what} of the squared steps is zero")
    return change / float(np.sqrt(spread))


def _no_interval(per_seed: Sequence[float | Undefined]) -> MeanInterval:
    reasons = dict.fromkeys(rho.reason for rho in per_seed if isinstance(rho, Undefined))
    nothing = Undefined(f"no seed has a rho: {'; '.join(reasons)}")
    return MeanInterval(n=0, mean=nothing, sd=nothing, ci95_low=nothing, ci95_high=nothing)


def _fisher_interval(rho: NDArray[np.float64]) -> MeanInterval:
    if (np.abs(rho) >= 1).any():
        infinite = Undefined("a rho of 1 or -1 has no finite z")
        return MeanInterval(n=len(rho), mean=float(rho.mean()), sd=infinite, ci95_low=infinite, ci95_high=infinite)
    of_z = mean_interval(np.arctanh(rho))
    mean, low, high = (
        value if isinstance(value, Undefined) else float(np.tanh(value))
        for value in (of_z.mean, of_z.ci95_low, of_z.ci95_high)
    )
    return MeanInterval(n=of_z.n, mean=mean, sd=of_z.sd, ci95_low=low, ci95_high=high)


def _spearman(score: NDArray[np.float64], *, loss: NDArray[np.float64]) -> float | Undefined:
    if len(score) < LEAST_FOR_RANKS:
        return Undefined(f"{counted(len(score), 'checkpoint')}; ranks need {LEAST_FOR_RANKS}")
    if np.ptp(score) == 0 or np.ptp(loss) == 0:
        return Undefined("all checkpoints have the same value")
    return float(stats.spearmanr(score, loss).statistic)
