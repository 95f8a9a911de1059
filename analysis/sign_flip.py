"""Test by flipping the signs of whole seeds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.contrasts import contrast_scores
from analysis.replicates import why_one_replicate
from analysis.rounding import LEAST_SPREAD, is_flat, without_rounding
from analysis.sign_patterns import GENERATOR_SEED, RELATIVE_TOLERANCE, FlipMethod, sign_patterns
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["SignFlip", "flip_levels", "flip_mean", "flip_scores"]

WHY_ZERO = "every seed's difference is zero"


@dataclass(frozen=True, slots=True)
class SignFlip:
    """The share of sign patterns at least as extreme as the observed one."""

    p: float
    p_floor: float
    """The smallest p that this many seeds, or draws, can give."""
    num_flips: int
    """Patterns visited: 2^(n - 1) when exact, since a pattern and its opposite give the same statistic."""
    method: FlipMethod
    generator_seed: int | None
    """Seed of NumPy's PCG64 that drew the patterns; None when exact."""


def flip_levels(values: NDArray[np.float64], *, generator_seed: int = GENERATOR_SEED) -> SignFlip | Undefined:
    """Omnibus test that no level differs from any other.

    The statistic is z'z, with z the mean over seeds of the orthonormal contrast scores. Null hypothesis: each seed's
    vector of contrasts is symmetric about zero. Nothing is assumed about covariance, nor normality. Missing cells are
    the caller's: the grid is complete.

    Args:
        values: Shape (num_seeds, num_levels).
        generator_seed: Used above 14 seeds only.

    Returns:
        The test, or why there is none; differences that are rounding count as zero.
    """
    num_seeds, num_levels = values.shape
    if num_levels < 2:
        return Undefined(f"{counted(num_levels, 'level')} left; a difference needs at least 2")
    if num_seeds > 1 and is_flat(values).all():
        return Undefined(WHY_ZERO)
    return why_one_replicate(values) or flip_scores(contrast_scores(values), generator_seed=generator_seed)


def flip_mean(
    values: NDArray[np.float64], *, rounding: float = 0.0, generator_seed: int = GENERATOR_SEED
) -> SignFlip | Undefined:
    """Two-sided test that one number per seed, shape (num_seeds,), is symmetric about zero, by its mean.

    Args:
        values: Shape (num_seeds,).
        rounding: As in `flip_scores`.
        generator_seed: Used above 14 seeds only.
    """
    return flip_scores(values[:, None], rounding=rounding, generator_seed=generator_seed)


def flip_scores(
    scores: NDArray[np.float64], *, rounding: float = 0.0, generator_seed: int = GENERATOR_SEED
) -> SignFlip | Undefined:
    """Test that each seed's vector of scores is symmetric about zero, by the squared length of their mean.

    Args:
        scores: Shape (num_seeds, num_scores).
        rounding: What rounding alone makes of a score; no larger ones count as zero.
        generator_seed: Used above 14 seeds only.
    """
    num_seeds = scores.shape[0]
    if num_seeds < 2:
        return Undefined(f"{counted(num_seeds, 'seed')} left; flipping signs needs at least 2")
    scores = without_rounding(scores, rounding=rounding)
    if not scores.any():
        return Undefined(WHY_ZERO)
    scaled = scores / np.abs(scores).max()
    patterns = sign_patterns(num_seeds, generator_seed=generator_seed)
    observed = float(np.sum(scaled.sum(axis=0) ** 2))
    # Sums that cancel leave their roundings behind: where the observed mean is one of these, every pattern reaches it.
    reached_at = observed * (1 - RELATIVE_TOLERANCE) - scaled.shape[1] * (num_seeds * LEAST_SPREAD) ** 2
    count = sum(int(np.sum(np.sum((signs @ scaled) ** 2, axis=1) >= reached_at)) for signs in patterns.chunks())
    return SignFlip(
        p=patterns.p_value(count),
        p_floor=patterns.p_floor,
        num_flips=patterns.num_flips,
        method=patterns.method,
        generator_seed=patterns.generator_seed,
    )
