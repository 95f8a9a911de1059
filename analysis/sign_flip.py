"""Test by flipping the signs of whole seeds."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from analysis.contrasts import contrast_scores
from analysis.undefined import Undefined

__all__ = ["FlipMethod", "SignFlip", "flip_levels", "flip_mean"]

MAX_EXACT_SEEDS = 14  # 2^13 = 8,192 patterns
NUM_MONTE_CARLO = 9_999
GENERATOR_SEED = 20_260_611
# Patterns as extreme as the observed one must count although summation order moves their last digits.
RELATIVE_TOLERANCE = 1e-9
# Patterns held in memory at once.
CHUNK = 1_024


class FlipMethod(StrEnum):
    """Whether all sign patterns were visited."""

    EXACT = "exact"
    MONTE_CARLO = "monte-carlo"


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
        The test, or why there is none.
    """
    if values.shape[1] < 2:
        return Undefined(f"{values.shape[1]} levels left; a difference needs at least 2")
    return _flip(contrast_scores(values), generator_seed=generator_seed)


def flip_mean(values: NDArray[np.float64], *, generator_seed: int = GENERATOR_SEED) -> SignFlip | Undefined:
    """Two-sided test that one number per seed, shape (num_seeds,), is symmetric about zero, by its mean."""
    return _flip(values[:, None], generator_seed=generator_seed)


def _flip(scores: NDArray[np.float64], *, generator_seed: int) -> SignFlip | Undefined:
    num_seeds = scores.shape[0]
    if num_seeds < 2:
        return Undefined(f"{num_seeds} seed{'' if num_seeds == 1 else 's'} left; flipping signs needs at least 2")
    if not scores.any():
        return Undefined("every seed's difference is exactly zero")
    scaled = scores / np.abs(scores).max()
    gram = np.asarray(scaled @ scaled.T)
    if num_seeds <= MAX_EXACT_SEEDS:
        return _exact(gram)
    return _monte_carlo(gram, generator_seed=generator_seed)


def _exact(gram: NDArray[np.float64]) -> SignFlip:
    num_seeds = gram.shape[0]
    num_flips = 2 ** (num_seeds - 1)
    is_flipped = (np.arange(num_flips)[:, None] >> np.arange(num_seeds)) & 1
    count = _num_as_extreme(np.where(is_flipped, -1.0, 1.0), gram=gram)
    return SignFlip(
        p=count / num_flips,
        p_floor=1 / num_flips,
        num_flips=num_flips,
        method=FlipMethod.EXACT,
        generator_seed=None,
    )


def _monte_carlo(gram: NDArray[np.float64], *, generator_seed: int) -> SignFlip:
    rng = np.random.default_rng(generator_seed)
    count = 0
    for start in range(0, NUM_MONTE_CARLO, CHUNK):
        size = min(CHUNK, NUM_MONTE_CARLO - start)
        count += _num_as_extreme(rng.choice((-1.0, 1.0), size=(size, gram.shape[0])), gram=gram)
    return SignFlip(
        p=(1 + count) / (1 + NUM_MONTE_CARLO),
        p_floor=1 / (1 + NUM_MONTE_CARLO),
        num_flips=NUM_MONTE_CARLO,
        method=FlipMethod.MONTE_CARLO,
        generator_seed=generator_seed,
    )


def _num_as_extreme(signs: NDArray[np.float64], *, gram: NDArray[np.float64]) -> int:
    # z'z of a pattern s is s' Z Z' s / num_seeds^2, so only the Gram matrix of the seeds is needed.
    statistics = np.sum((signs @ gram) * signs, axis=1)
    return int(np.sum(statistics >= gram.sum() * (1 - RELATIVE_TOLERANCE)))
