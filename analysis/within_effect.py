"""Test an effect within seeds from contrast scores of any design."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.corrected_p import CorrectedP, corrected_p
from analysis.epsilons import Epsilons, epsilons_of_residuals
from analysis.rounding import rounding_of
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["WithinEffect", "group_effect", "within_effect"]


@dataclass(frozen=True, slots=True)
class WithinEffect:
    """F of one effect with its corrections; the headline is Greenhouse-Geisser's p."""

    F: float
    df_effect: int
    df_error: int
    pes: float
    """Partial eta squared: SS_effect / (SS_effect + SS_error)."""
    epsilon: Epsilons
    p: CorrectedP
    headline: str


def within_effect(scores: NDArray[np.float64], *, rounding: float = 0.0) -> WithinEffect | Undefined:
    """F = (n z'z / d) / (sum R^2 / (d v)) with z the mean scores, R = scores - z, v = n - 1.

    With the scores of one factor this is the one-way analysis of variance; with the products of the contrasts of two
    factors it is their interaction. Assumes independent seeds and normal errors. Missing cells are the caller's.

    Args:
        scores: On d orthonormal contrasts, shape (num_seeds, d).
        rounding: What rounding alone makes of a score.

    Returns:
        The test, or why there is none.
    """
    num_seeds = len(scores)
    if num_seeds < 2:
        return Undefined(f"{counted(num_seeds, 'seed')} left; a within-seed effect needs at least 2")
    mean = scores.mean(axis=0)
    return _effect(
        ss_effect=float(num_seeds * np.sum(mean**2)),
        residuals=scores - mean,
        v=num_seeds - 1,
        num_differences=1,
        rounding=max(rounding, rounding_of(scores)),
    )


def group_effect(groups: tuple[NDArray[np.float64], ...], *, rounding: float = 0.0) -> WithinEffect | Undefined:
    """Whether groups of different seeds differ in their mean scores: the interaction of a split-plot design.

    F = (sum_g n_g |z_g - z|^2 / ((G - 1) d)) / (sum R^2 / (d v)) with z_g the group means, z the mean over all seeds,
    R the scores less their group mean, v = N - G. Assumes independent seeds, normal errors and one covariance in all
    groups. Missing cells are the caller's.

    Args:
        groups: Scores on d orthonormal contrasts, each of shape (num_seeds_of_group, d).
        rounding: What rounding alone makes of a score.

    Returns:
        The test, or why there is none.
    """
    v = sum(len(group) for group in groups) - len(groups)
    if v < 1 or any(len(group) < 1 for group in groups):
        return Undefined("each condition needs a seed, and one of them two")
    everything = np.concatenate(groups)
    grand = everything.mean(axis=0)
    return _effect(
        ss_effect=float(sum(len(group) * np.sum((group.mean(axis=0) - grand) ** 2) for group in groups)),
        residuals=np.concatenate([group - group.mean(axis=0) for group in groups]),
        v=v,
        num_differences=len(groups) - 1,
        rounding=max(rounding, rounding_of(everything)),
    )


def _effect(
    *, ss_effect: float, residuals: NDArray[np.float64], v: int, num_differences: int, rounding: float
) -> WithinEffect | Undefined:
    d = residuals.shape[1]
    ss_error = float(np.sum(residuals**2))
    if np.sqrt(ss_error / residuals.size) <= rounding:
        return Undefined("the error is zero: the seeds differ by constants only")
    df_effect, df_error = num_differences * d, d * v
    f = (ss_effect / df_effect) / (ss_error / df_error)
    epsilon = epsilons_of_residuals(residuals, v=v)
    return WithinEffect(
        F=f,
        df_effect=df_effect,
        df_error=df_error,
        pes=ss_effect / (ss_effect + ss_error),
        epsilon=epsilon,
        p=corrected_p(f, df_effect=df_effect, df_error=df_error, epsilon=epsilon),
        headline="gg",
    )
