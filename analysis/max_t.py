"""Simultaneous sign-flip tests of many differences between levels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sign_patterns import GENERATOR_SEED, SignPatterns, sign_patterns

__all__ = ["LARGEST_WORK", "MaxT", "max_t", "max_t_work"]

# Ratios formed in one test: about two seconds on one core.
LARGEST_WORK = 100_000_000
# Ratios lie between 0 and sqrt(n); ties must count although summation order moves their last digits.
TOLERANCE = 1e-9
# Numbers held in memory at once.
CHUNK = 4_000_000


@dataclass(frozen=True)
class MaxT:
    """Adjusted p-values of a family of differences."""

    p: NDArray[np.float64]
    """Shape (num_pairs,)."""
    patterns: SignPatterns


def max_t_work(*, num_seeds: int, num_family_pairs: int) -> int:
    """How many ratios a test forms; a caller compares it with `LARGEST_WORK`."""
    return num_family_pairs * max(num_seeds, sign_patterns(num_seeds).num_flips)


def max_t(
    values: NDArray[np.float64],
    *,
    pairs: NDArray[np.intp],
    family: NDArray[np.intp],
    generator_seed: int = GENERATOR_SEED,
) -> MaxT:
    """Adjusted p_j = share of sign patterns whose largest |T| over the family reaches |T_j|.

    T is the paired t of a difference between two levels, after flipping whole seeds. Since flips leave the sum of
    squares q of a difference alone, |T| rises with |sum| / sqrt(q), which is what is compared. The family holds all
    differences among which one looks; `pairs` are those of them that are reported. Control is strong: differences that
    are truly zero are judged by a maximum that only grows through the others. Null hypothesis: each seed's vector of
    differences is symmetric about its mean; nothing is assumed about covariance, nor normality. Missing cells are the
    caller's: the grid is complete.

    Args:
        values: Shape (num_seeds, num_levels), at least 2 seeds.
        pairs: Columns whose differences are reported, shape (num_pairs, 2); each varies over the seeds.
        family: The same for all differences looked at, shape (num_family_pairs, 2).
        generator_seed: Used above 14 seeds only.

    Source: Westfall and Young 1993 (max-T); sign flips of one-sample data.
    """
    patterns = sign_patterns(len(values), generator_seed=generator_seed)
    centred = values - values.mean(axis=1, keepdims=True)
    roots, family_roots = _root_squares(centred, pairs=pairs), _root_squares(centred, pairs=family)
    observed = _ratios(_sums(np.ones((1, len(values))), centred=centred, pairs=pairs), roots=roots)[0]
    reached = np.zeros(len(pairs), dtype=int)
    for signs in patterns.chunks(size=min(1_024, max(1, CHUNK // len(family)))):
        largest = np.max(_ratios(_sums(signs, centred=centred, pairs=family), roots=family_roots), axis=1)
        reached += np.sum(largest[:, None] >= observed - TOLERANCE, axis=0)
    return MaxT(p=np.array([patterns.p_value(int(count)) for count in reached]), patterns=patterns)


def _sums(signs: NDArray[np.float64], *, centred: NDArray[np.float64], pairs: NDArray[np.intp]) -> NDArray[np.float64]:
    """Sums over seeds of the flipped differences, shape (num_patterns, num_pairs)."""
    sums = signs @ centred
    return np.asarray(sums[:, pairs[:, 0]] - sums[:, pairs[:, 1]])


def _ratios(sums: NDArray[np.float64], *, roots: NDArray[np.float64]) -> NDArray[np.float64]:
    """|sum| / root; 0 for a difference that is lost in the rounding of values far larger than it."""
    return np.divide(np.abs(sums), roots, out=np.zeros(sums.shape), where=roots > 0)


def _root_squares(centred: NDArray[np.float64], *, pairs: NDArray[np.intp]) -> NDArray[np.float64]:
    size = max(1, CHUNK // len(centred))
    parts = [
        np.sqrt(np.sum((centred[:, part[:, 0]] - centred[:, part[:, 1]]) ** 2, axis=0))
        for part in (pairs[start : start + size] for start in range(0, len(pairs), size))
    ]
    return np.concatenate(parts)
