"""Simultaneous tests between two groups of seeds by exchanging their labels."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from analysis.sign_patterns import GENERATOR_SEED, FlipMethod

__all__ = ["Permutation", "permute_groups"]

MOST_EXACT = 20_000  # divisions of the seeds
NUM_MONTE_CARLO = 9_999
# Studentised differences tie but for the rounding of their sums.
RELATIVE_TOLERANCE = 1e-9
CHUNK = 512


@dataclass(frozen=True)
class Permutation:
    """p-values by measure, each of shape (num_measures,), and what they can be."""

    p: NDArray[np.float64]
    """Of each measure by itself."""
    p_max_t: NDArray[np.float64]
    """Adjusted for all measures together."""
    p_floor: float
    num_patterns: int
    method: FlipMethod
    generator_seed: int | None


def permute_groups(
    a: NDArray[np.float64], b: NDArray[np.float64], *, generator_seed: int = GENERATOR_SEED
) -> Permutation:
    """p_j = share of divisions of all seeds into groups of these sizes whose |T_j|, or largest |T|, reaches |T_j|.

    T is Welch's t. Null hypothesis: both groups have the same distribution; where only the means agree and sizes
    differ, the test is approximate. Missing cells are the caller's.

    Args:
        a: Shape (num_seeds_a, num_measures), at least 2 seeds.
        b: Shape (num_seeds_b, num_measures), at least 2 seeds; each measure varies over the seeds.
        generator_seed: Used above 20,000 divisions only.
    """
    num_seeds, num_divisions = len(a) + len(b), comb(len(a) + len(b), len(a))
    is_exact = num_divisions <= MOST_EXACT
    values = np.concatenate([a, b])
    values = values - values.mean(axis=0)
    divisions = (
        _every_division(num_seeds, size=len(a))
        if is_exact
        else _drawn_divisions(num_seeds, size=len(a), generator_seed=generator_seed)
    )
    is_first = np.zeros((1, num_seeds), dtype=bool)
    is_first[0, : len(a)] = True
    reached_at = _absolute_t(is_first, values=values)[0] * (1 - RELATIVE_TOLERANCE)
    single, largest = np.zeros(values.shape[1], dtype=int), np.zeros(values.shape[1], dtype=int)
    for division in divisions:
        t = _absolute_t(division, values=values)
        single += np.sum(t >= reached_at, axis=0)
        largest += np.sum(t.max(axis=1)[:, None] >= reached_at, axis=0)
    added, total = (0, num_divisions) if is_exact else (1, NUM_MONTE_CARLO + 1)
    # With equal sizes each division and its mirror image have the same |T|.
    least = (2 if len(a) == len(b) else 1) if is_exact else 1
    return Permutation(
        p=(added + single) / total,
        p_max_t=(added + largest) / total,
        p_floor=least / total,
        num_patterns=num_divisions if is_exact else NUM_MONTE_CARLO,
        method=FlipMethod.EXACT if is_exact else FlipMethod.MONTE_CARLO,
        generator_seed=None if is_exact else generator_seed,
    )


def _every_division(num_seeds: int, *, size: int) -> Iterator[NDArray[np.bool_]]:
    members = np.array(list(combinations(range(num_seeds), size)))
    for start in range(0, len(members), CHUNK):
        part = members[start : start + CHUNK]
        is_first = np.zeros((len(part), num_seeds), dtype=bool)
        np.put_along_axis(is_first, part, values=True, axis=1)
        yield is_first


def _drawn_divisions(num_seeds: int, *, size: int, generator_seed: int) -> Iterator[NDArray[np.bool_]]:
    rng = np.random.default_rng(generator_seed)
    for start in range(0, NUM_MONTE_CARLO, CHUNK):
        ranks = rng.random((min(CHUNK, NUM_MONTE_CARLO - start), num_seeds)).argsort(axis=1)
        yield np.asarray(ranks < size)


def _absolute_t(is_first: NDArray[np.bool_], *, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """|Welch's t| per division and measure; infinite where both groups are constant and differ."""
    first, second = is_first.astype(float), (~is_first).astype(float)
    moments = []
    for members in (first, second):
        size = members.sum(axis=1, keepdims=True)
        mean = members @ values / size
        variance = np.maximum(members @ values**2 / size - mean**2, 0.0) / (size - 1)
        moments.append((mean, variance))
    (mean_a, squared_a), (mean_b, squared_b) = moments
    squared = np.maximum(squared_a + squared_b, np.finfo(np.float64).tiny)
    return np.asarray(np.abs(mean_b - mean_a) / np.sqrt(squared))
