"""List the patterns in which the signs of whole seeds are flipped."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["GENERATOR_SEED", "RELATIVE_TOLERANCE", "FlipMethod", "SignPatterns", "sign_patterns"]

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
class SignPatterns:
    """Which patterns of signs a test visits, and what its p-values can be."""

    num_seeds: int
    method: FlipMethod
    num_flips: int
    """Patterns visited: 2^(n - 1) when exact, since a pattern and its opposite give the same two-sided statistic."""
    generator_seed: int | None
    """Seed of NumPy's PCG64 that drew the patterns; None when exact."""

    @property
    def p_floor(self) -> float:
        """The smallest p that this many seeds, or draws, can give."""
        return 1 / self.num_flips if self.method is FlipMethod.EXACT else 1 / (1 + self.num_flips)

    def p_value(self, count: int) -> float:
        """The p of a statistic that `count` of the visited patterns reach; a drawn set has the observed one added."""
        return count / self.num_flips if self.method is FlipMethod.EXACT else (1 + count) / (1 + self.num_flips)

    def chunks(self, *, size: int = CHUNK) -> Iterator[NDArray[np.float64]]:
        """The patterns as rows of -1 and 1, each of shape (at most size, num_seeds)."""
        rng = np.random.default_rng(self.generator_seed)
        for start in range(0, self.num_flips, size):
            stop = min(start + size, self.num_flips)
            if self.method is FlipMethod.EXACT:
                is_flipped = (np.arange(start, stop)[:, None] >> np.arange(self.num_seeds)) & 1
            else:
                is_flipped = rng.integers(0, 2, size=(stop - start, self.num_seeds), dtype=np.int8)
            yield np.where(is_flipped, -1.0, 1.0)


def sign_patterns(num_seeds: int, *, generator_seed: int = GENERATOR_SEED) -> SignPatterns:
    """All patterns up to 14 seeds, 9,999 drawn ones above.

    Args:
        num_seeds: At least 2.
        generator_seed: Used above 14 seeds only.
    """
    if num_seeds <= MAX_EXACT_SEEDS:
        return SignPatterns(num_seeds, FlipMethod.EXACT, 2 ** (num_seeds - 1), None)
    return SignPatterns(num_seeds, FlipMethod.MONTE_CARLO, NUM_MONTE_CARLO, generator_seed)
