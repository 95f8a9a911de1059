"""Differences between two conditions, many measures at once, paired by seed or not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.condition_pairing import PairedConditions, Pairing
from analysis.levels import Label
from analysis.max_t import max_t
from analysis.paired_t import holm, paired_t
from analysis.permutation import permute_groups
from analysis.replicates import why_one_replicate
from analysis.rounding import rounding_of, without_rounding
from analysis.seed_measure import SeedValue
from analysis.sign_flip import flip_mean
from analysis.sign_patterns import FlipMethod
from analysis.undefined import Undefined
from analysis.welch import welch_t

__all__ = [
    "ConditionDifference",
    "ExactFamily",
    "LevelDifferences",
    "difference_of",
    "differences_by_level",
    "with_holm",
]

WHY_FIXED = Undefined("the difference does not vary over the seeds")


@dataclass(frozen=True, slots=True)
class ExactFamily:
    """What the p-values of a sign-flip or permutation test can be."""

    p_floor: float
    num_patterns: int
    method: FlipMethod
    generator_seed: int | None


@dataclass(frozen=True, slots=True)
class ConditionDifference:
    """One measure of condition b minus that of condition a."""

    per_seed: tuple[SeedValue, ...] | Undefined
    """By shared seed; undefined where seeds are not shared."""
    mean_difference: float
    ci95_low: float | Undefined
    ci95_high: float | Undefined
    t: float | Undefined
    df: float
    p: float | Undefined
    p_holm: float | Undefined
    """Over the pairs of conditions that are compared with one another."""
    p_exact: float | Undefined
    """By flipping whole seeds where they are paired, else by exchanging seeds between the conditions."""
    exact: ExactFamily | Undefined


@dataclass(frozen=True, slots=True)
class LevelDifference:
    """Condition b minus condition a at one level."""

    level: Label
    mean_difference: float
    ci95_low: float | Undefined
    ci95_high: float | Undefined
    sim95_low: float | Undefined
    """Bonferroni's simultaneous t interval over all levels."""
    sim95_high: float | Undefined
    t: float | Undefined
    df: float
    p: float | Undefined
    p_holm: float | Undefined
    p_max_t: float | Undefined


@dataclass(frozen=True, slots=True)
class LevelDifferences:
    """Condition b minus condition a at every level, with one error rate over all of them."""

    num_comparisons: int
    max_t: ExactFamily | Undefined
    rows: tuple[LevelDifference, ...]


@dataclass(frozen=True)
class _Tests:
    """Results by measure, each of shape (num_measures,)."""

    mean: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    t: NDArray[np.float64]
    df: NDArray[np.float64]
    p: NDArray[np.float64]
    is_fixed: NDArray[np.bool_]


def difference_of(
    conditions: PairedConditions, *, a: NDArray[np.float64], b: NDArray[np.float64]
) -> ConditionDifference:
    """B - a of one number per seed: paired t and sign flip, or Welch's t and permutation.

    Assumes independent seeds; t near-normal values; the sign flip symmetric differences; the permutation equal
    distributions under its null hypothesis.

    Args:
        conditions: Where the numbers come from, at least 2 seeds in each.
        a: One number per seed of a, shape (num_seeds_a,).
        b: The same of b.
    """
    tests = _tests(conditions, a=a[:, None], b=b[:, None])
    is_fixed, df = bool(tests.is_fixed[0]), float(tests.df[0])
    half_width = float(stats.t.isf(0.025, df) * tests.standard_error[0])
    mean = float(tests.mean[0])
    p_exact, exact = _exact(conditions, a=a, b=b, is_fixed=is_fixed)
    return ConditionDifference(
        per_seed=_per_seed(conditions, a=a, b=b),
        mean_difference=mean,
        ci95_low=WHY_FIXED if is_fixed else mean - half_width,
        ci95_high=WHY_FIXED if is_fixed else mean + half_width,
        t=WHY_FIXED if is_fixed else float(tests.t[0]),
        df=df,
        p=WHY_FIXED if is_fixed else float(tests.p[0]),
        p_holm=WHY_FIXED if is_fixed else float(tests.p[0]),
        p_exact=p_exact,
        exact=exact,
    )


def with_holm(differences: Sequence[ConditionDifference | Undefined]) -> list[ConditionDifference | Undefined]:
    """The same with Holm's p over them; one that is not tested counts as p = 1 and stays as it is.

    Args:
        differences: One measure, by pair of conditions.
    """
    tests = [each.p if isinstance(each, ConditionDifference) else each for each in differences]
    corrected = holm(np.array([1.0 if isinstance(p, Undefined) else p for p in tests]))
    return [
        replace(each, p_holm=float(p_holm))
        if isinstance(each, ConditionDifference) and not isinstance(p, Undefined)
        else each
        for each, p, p_holm in zip(differences, tests, corrected, strict=True)
    ]


def _per_seed(
    conditions: PairedConditions, *, a: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[SeedValue, ...] | Undefined:
    if conditions.pairing is Pairing.UNPAIRED:
        return Undefined("the conditions share no two seeds")
    differences = without_rounding(b - a, rounding=rounding_of(np.stack([a, b])))
    return tuple(SeedValue(seed, float(value)) for seed, value in zip(conditions.a.subjects, differences, strict=True))


def differences_by_level(conditions: PairedConditions) -> LevelDifferences:
    """B - a at every level: t with simultaneous interval, Holm's p, and max-T over all levels.

    Paired, max-T flips whole seeds; unpaired, it exchanges seeds between the conditions. A level whose difference does
    not vary keeps its row without t, and still counts in the corrections.

    Args:
        conditions: Complete grids with at least 2 seeds in each, and one level.
    """
    a, b = conditions.a.values, conditions.b.values
    tests = _tests(conditions, a=a, b=b)
    num_levels = a.shape[1]
    half_width = stats.t.isf(0.025, tests.df) * tests.standard_error
    wide = stats.t.isf(0.025 / num_levels, tests.df) * tests.standard_error
    by_holm = holm(tests.p)
    p_max_t, family = _max_t(conditions, varying=~tests.is_fixed)
    return LevelDifferences(
        num_comparisons=num_levels,
        max_t=family,
        rows=tuple(
            _fixed_row(level, mean=float(tests.mean[row]), df=float(tests.df[row]))
            if tests.is_fixed[row]
            else LevelDifference(
                level=level,
                mean_difference=float(tests.mean[row]),
                ci95_low=float(tests.mean[row] - half_width[row]),
                ci95_high=float(tests.mean[row] + half_width[row]),
                sim95_low=float(tests.mean[row] - wide[row]),
                sim95_high=float(tests.mean[row] + wide[row]),
                t=float(tests.t[row]),
                df=float(tests.df[row]),
                p=float(tests.p[row]),
                p_holm=float(by_holm[row]),
                p_max_t=float(p_max_t[row]),
            )
            for row, level in enumerate(conditions.a.levels)
        ),
    )


def _tests(conditions: PairedConditions, *, a: NDArray[np.float64], b: NDArray[np.float64]) -> _Tests:
    if conditions.pairing is Pairing.UNPAIRED:
        unpaired = welch_t(a, b)
        return _Tests(unpaired.mean, unpaired.standard_error, unpaired.t, unpaired.df, unpaired.p, unpaired.is_fixed)
    paired = paired_t(np.hstack([b, a]), pairs=_cell_pairs(a.shape[1]))
    df = np.full(a.shape[1], float(len(a) - 1))
    return _Tests(paired.mean, paired.standard_error, paired.t, df, paired.p, paired.is_fixed)


def _cell_pairs(num_measures: int) -> NDArray[np.intp]:
    """Columns of b and of a side by side: measure j of b stands at j, that of a at num_measures + j."""
    measures = np.arange(num_measures)
    return np.stack([measures, num_measures + measures], axis=1)


def _exact(
    conditions: PairedConditions, *, a: NDArray[np.float64], b: NDArray[np.float64], is_fixed: bool
) -> tuple[float | Undefined, ExactFamily | Undefined]:
    if conditions.pairing is Pairing.PAIRED:
        flip = why_one_replicate(np.hstack([conditions.a.values, conditions.b.values])) or flip_mean(
            b - a, rounding=rounding_of(np.stack([a, b]))
        )
        if isinstance(flip, Undefined):
            return flip, flip
        return flip.p, ExactFamily(flip.p_floor, flip.num_flips, flip.method, flip.generator_seed)
    if is_fixed:
        return WHY_FIXED, WHY_FIXED
    result = permute_groups(a[:, None], b[:, None])
    family = ExactFamily(result.p_floor, result.num_patterns, result.method, result.generator_seed)
    return float(result.p[0]), family


def _max_t(
    conditions: PairedConditions, *, varying: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], ExactFamily | Undefined]:
    p = np.full(len(varying), np.nan)
    if not varying.any():
        return p, WHY_FIXED
    a, b = conditions.a.values, conditions.b.values
    if conditions.pairing is Pairing.PAIRED:
        pairs = _cell_pairs(len(varying))[varying]
        flips = max_t(np.hstack([b, a]), pairs=pairs, family=pairs)
        p[varying] = flips.p
        patterns = flips.patterns
        return p, ExactFamily(patterns.p_floor, patterns.num_flips, patterns.method, patterns.generator_seed)
    result = permute_groups(a[:, varying], b[:, varying])
    p[varying] = result.p_max_t
    return p, ExactFamily(result.p_floor, result.num_patterns, result.method, result.generator_seed)


def _fixed_row(level: Label, *, mean: float, df: float) -> LevelDifference:
    why = WHY_FIXED
    return LevelDifference(
        level=level,
        mean_difference=mean,
        ci95_low=why,
        ci95_high=why,
        sim95_low=why,
        sim95_high=why,
        t=why,
        df=df,
        p=why,
        p_holm=why,
        p_max_t=why,
    )
