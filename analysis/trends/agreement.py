"""Whether several runs put the same token into the same class more often than chance."""

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from analysis.t_interval import MeanInterval, mean_interval, t_critical
from analysis.trends.rules import TrendClass
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["CrossAgreement", "SeedAgreement", "cohen_kappa", "cross_agreement", "fleiss_kappa", "seed_agreement"]

LEAST_FOR_JACKKNIFE = 3


@dataclass(frozen=True, slots=True)
class SeedAgreement:
    """Agreement between the seeds of one condition."""

    num_seeds: int
    fleiss_kappa: float | Undefined
    kappa_low: float | Undefined
    """Lower end of the 95 % interval from leaving out one seed at a time."""
    kappa_high: float | Undefined
    pair_agreement: float
    """Mean over pairs of seeds of the share of tokens with the same class."""
    near_unanimous: float | Undefined
    """Share of tokens on which all seeds but at most one agree."""
    near_unanimous_by_chance: float | Undefined
    """The same if every seed kept its shares but drew its tokens at random."""


@dataclass(frozen=True, slots=True)
class CrossAgreement:
    """Agreement between two conditions, such as two sizes."""

    same_seed: MeanInterval | Undefined
    """Cohen's kappa of a seed under one condition with the same seed under the other, over seeds."""
    all_pairs: float | Undefined
    """Mean kappa over every seed of one with every seed of the other; pairs share seeds, so it has no interval."""


def seed_agreement(classes: NDArray[np.int8]) -> SeedAgreement | Undefined:
    """Agreement of all seeds of a condition.

    The interval is the delete-one jackknife's over seeds, kappa +- t(.975, S - 1) SE with SE^2 = (S - 1) / S times the
    sum of squared deviations. Tokens are not resampled: those of one story depend on each other.

    Args:
        classes: Codes of `TrendClass`, shape (num_seeds, num_tokens).
    """
    num_seeds = len(classes)
    if num_seeds < 2:
        return Undefined(f"{counted(num_seeds, 'seed')}; agreement needs 2")
    kappa = fleiss_kappa(classes)
    low, high = _jackknife_interval(classes, kappa=kappa)
    pairs = [float(np.mean(one == other)) for one, other in combinations(classes, 2)]
    few = Undefined("with fewer than 3 seeds all but one always agree")
    return SeedAgreement(
        num_seeds=num_seeds,
        fleiss_kappa=kappa,
        kappa_low=low,
        kappa_high=high,
        pair_agreement=float(np.mean(pairs)),
        near_unanimous=few if num_seeds < LEAST_FOR_JACKKNIFE else _near_unanimous(classes),
        near_unanimous_by_chance=few if num_seeds < LEAST_FOR_JACKKNIFE else _near_unanimous_by_chance(classes),
    )


def cross_agreement(
    one: NDArray[np.int8], other: NDArray[np.int8], *, seeds: tuple[int, ...], other_seeds: tuple[int, ...]
) -> CrossAgreement:
    """Agreement of two conditions on the same tokens.

    Args:
        one: Codes of `TrendClass`, shape (num_seeds, num_tokens).
        other: The same for the other condition, shape (num_other_seeds, num_tokens).
        seeds: Names of the rows of `one`.
        other_seeds: Names of the rows of `other`.
    """
    shared = [seed for seed in seeds if seed in other_seeds]
    same = [cohen_kappa(one[seeds.index(seed)], other[other_seeds.index(seed)]) for seed in shared]
    same_defined = [kappa for kappa in same if not isinstance(kappa, Undefined)]
    every = [cohen_kappa(left, right) for left, right in product(one, other)]
    every_defined = [kappa for kappa in every if not isinstance(kappa, Undefined)]
    nothing = Undefined("every token is in one class")
    return CrossAgreement(
        same_seed=mean_interval(np.array(same_defined)) if same_defined else nothing,
        all_pairs=float(np.mean(every_defined)) if every_defined else nothing,
    )


def fleiss_kappa(classes: NDArray[np.int8]) -> float | Undefined:
    """(P - P_e) / (1 - P_e): P the mean agreement of pairs of seeds, P_e the sum of squared overall class shares.

    Source: Fleiss 1971, Psychological Bulletin 76, 378-382.

    Args:
        classes: Codes of `TrendClass`, shape (num_seeds, num_tokens); at least two seeds.
    """
    num_seeds = len(classes)
    counts = np.stack([(classes == trend).sum(axis=0) for trend in TrendClass], axis=1)
    observed = ((counts * (counts - 1)).sum(axis=1) / (num_seeds * (num_seeds - 1))).mean()
    by_chance = np.square(counts.mean(axis=0) / num_seeds).sum()
    return _kappa(float(observed), by_chance=float(by_chance))


def cohen_kappa(one: NDArray[np.int8], other: NDArray[np.int8]) -> float | Undefined:
    """(P - P_e) / (1 - P_e): P the share of equal classes, P_e the sum of products of both runs' class shares.

    Source: Cohen 1960, Educational and Psychological Measurement 20, 37-46.
    """
    by_chance = sum(float(np.mean(one == trend)) * float(np.mean(other == trend)) for trend in TrendClass)
    return _kappa(float(np.mean(one == other)), by_chance=by_chance)


def _kappa(observed: float, *, by_chance: float) -> float | Undefined:
    if by_chance >= 1:
        return Undefined("every token is in one class")
    return (observed - by_chance) / (1 - by_chance)


def _jackknife_interval(
    classes: NDArray[np.int8], *, kappa: float | Undefined
) -> tuple[float | Undefined, float | Undefined]:
    num_seeds = len(classes)
    if num_seeds < LEAST_FOR_JACKKNIFE:
        few = Undefined(f"{counted(num_seeds, 'seed')}; leaving one out needs {LEAST_FOR_JACKKNIFE}")
        return few, few
    left_out = [fleiss_kappa(np.delete(classes, seed, axis=0)) for seed in range(num_seeds)]
    values = np.array([value for value in left_out if not isinstance(value, Undefined)])
    if isinstance(kappa, Undefined) or len(values) < num_seeds:
        constant = Undefined("every token is in one class")
        return constant, constant
    error = np.sqrt((num_seeds - 1) / num_seeds * np.square(values - values.mean()).sum())
    half_width = t_critical(num_seeds - 1) * float(error)
    return kappa - half_width, kappa + half_width


def _near_unanimous(classes: NDArray[np.int8]) -> float:
    counts = np.stack([(classes == trend).sum(axis=0) for trend in TrendClass])
    return float(np.mean(counts.max(axis=0) >= len(classes) - 1))


def _near_unanimous_by_chance(classes: NDArray[np.int8]) -> float:
    """Sum over classes of P(all seeds) + P(all but one), from the seeds' own shares."""
    shares = np.stack([(classes == trend).mean(axis=1) for trend in TrendClass])
    total = 0.0
    for row in shares:
        total += float(np.prod(row))
        total += sum(float((1 - row[seed]) * np.prod(np.delete(row, seed))) for seed in range(len(row)))
    return total
