"""Say what a paired t-test can find, and how many seeds it needs."""

import numpy as np
from scipy import optimize, special, stats

__all__ = ["ALPHA", "POWER", "detectable_effect", "exact_floor", "seeds_for_effect", "seeds_for_exact_floor"]

ALPHA = 0.05
POWER = 0.8
MOST_SEEDS = 100_000
# Gauss-Legendre nodes and weights on [-1, 1]: the power is right to six digits.
NODES, WEIGHTS = np.polynomial.legendre.leggauss(120)


def detectable_effect(num_seeds: int, *, num_comparisons: int = 1, alpha: float = ALPHA, power: float = POWER) -> float:
    """The least true mean difference, in SD of the differences, that is found with this power.

    Solves P(|T| > t(1 - alpha / (2 m), n - 1)) = power with T noncentral t around delta sqrt(n), m comparisons by
    Bonferroni. Assumes independent seeds and normal differences.

    Args:
        num_seeds: At least 2.
        num_comparisons: m.
        alpha: Two-sided level of all comparisons together.
        power: Above alpha.

    Source: as R's power.t.test(type = "paired", strict = TRUE).
    """
    highest = 1.0
    while _power(highest, num_seeds=num_seeds, num_comparisons=num_comparisons, alpha=alpha) < power:
        highest *= 2
    root = optimize.brentq(
        lambda effect: _power(effect, num_seeds=num_seeds, num_comparisons=num_comparisons, alpha=alpha) - power,
        0.0,
        highest,
    )
    return float(root)


def seeds_for_effect(
    effect: float, *, num_comparisons: int = 1, alpha: float = ALPHA, power: float = POWER
) -> int | None:
    """The least number of seeds that finds this effect with this power, or None above 100,000.

    Args:
        effect: In SD of the differences, above 0.
        num_comparisons: As in `detectable_effect`.
        alpha: The same.
        power: The same.
    """

    def suffice(num_seeds: int) -> bool:
        return _power(effect, num_seeds=num_seeds, num_comparisons=num_comparisons, alpha=alpha) >= power

    low, high = 1, 2
    while not suffice(high):
        if high == MOST_SEEDS:
            return None
        low, high = high, min(2 * high, MOST_SEEDS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffice(middle) else (middle, high)
    return high


def exact_floor(num_seeds: int) -> float:
    """2 / 2^n: the smallest two-sided p of a sign-flip test and of Wilcoxon's signed-rank test."""
    return float(2.0 ** (1 - num_seeds))


def seeds_for_exact_floor(num_comparisons: int, *, alpha: float = ALPHA) -> int:
    """The least number of seeds with num_comparisons x 2 / 2^n <= alpha."""
    return int(np.ceil(np.log2(2 * num_comparisons / alpha)))


def _power(effect: float, *, num_seeds: int, num_comparisons: int, alpha: float) -> float:
    df = num_seeds - 1
    critical = float(stats.t.isf(alpha / (2 * num_comparisons), df))
    # Averaged over the chi of the SD: scipy's noncentral t returns NaN far out, where few seeds send it.
    scale = np.sqrt(special.chdtri(df, (1 - NODES) / 2) / df)
    shift = effect * np.sqrt(num_seeds)
    beyond = special.ndtr(shift - critical * scale) + special.ndtr(-critical * scale - shift)
    return float(np.sum(WEIGHTS * beyond) / 2)
