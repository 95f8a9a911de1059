"""Simulate trajectories without any effect, and count how often each p that the analysis prints falls below .05.

Usage: OMP_NUM_THREADS=1 python benchmarks/calibration.py [--seeds 6] [--levels 21 3] [--repetitions 3000]

Each row is a p of statistics.json, or an interval of it that misses the truth, by the code that puts it there. A rate
above .05 by more than three Monte Carlo standard errors carries a star. A dash: the test is undefined in this design.
"""

import argparse
import time
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.axis import Axis
from analysis.condition_by_interval import compare_conditions
from analysis.contrasts import contrast_scores
from analysis.corrected_p import corrected_p
from analysis.epsilons import estimate_epsilons
from analysis.grid import Grid
from analysis.mauchly import Mauchly, mauchly_test
from analysis.max_t import max_t
from analysis.metric_statistics import metric_statistics
from analysis.outlying_seeds import outlying_seeds
from analysis.paired_t import holm, paired_t
from analysis.pairwise import Pairs
from analysis.permutation import permute_groups
from analysis.polynomial_contrasts import NAMES, orthonormal_polynomials
from analysis.segmentation import MIN_POINTS, best_segmentation
from analysis.sign_flip import SignFlip, flip_levels, flip_mean
from analysis.slope_after_minimum import slopes_per_doubling
from analysis.sums_of_squares import split_sums_of_squares
from analysis.t_interval import t_critical
from analysis.undefined import Undefined, to_plain
from analysis.welch import welch_t
from analysis.within_effect import WithinEffect, group_effect

ALPHA = 0.05
GENERATOR_SEED = 1
NUM_COMPARED = 3

Values = NDArray[np.float64]
"""Shape (num_seeds, num_levels)."""


def main() -> None:
    """Print one table per number of levels."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", type=int, default=6)
    arguments.add_argument("--levels", type=int, nargs="+", default=[21, 3])
    arguments.add_argument("--repetitions", type=int, default=3_000)
    options = arguments.parse_args()
    for num_levels in options.levels:
        _print_design(num_seeds=options.seeds, num_levels=num_levels, repetitions=options.repetitions)


def _print_design(*, num_seeds: int, num_levels: int, repetitions: int) -> None:
    began_s = time.perf_counter()
    covariances = _covariances(num_levels)
    columns = [_rates(each, num_seeds=num_seeds, repetitions=repetitions) for each in covariances.values()]
    error = np.sqrt(ALPHA * (1 - ALPHA) / repetitions)
    print(f"\n{num_seeds} seeds x {num_levels} levels, {repetitions:,} repetitions, Monte Carlo SE {error:.4f} at .05")
    print(" ".join([f"{'':<50}", *(f"{name:>9}" for name in covariances)]))
    print(" ".join([f"{'(true epsilon)':<50}", *(f"{_true_epsilon(each):9.2f}" for each in covariances.values())]))
    for name in columns[0]:
        print(" ".join([f"{name:<50}", *(_cell(column[name], error=error) for column in columns)]))
    print(f"({time.perf_counter() - began_s:.0f} s)", flush=True)


def _cell(rate: float, *, error: float) -> str:
    if np.isnan(rate):
        return f"{'-':>9}"
    return f"{rate:8.3f}{'*' if rate > ALPHA + 3 * error else ' '}"


def _covariances(num_levels: int) -> dict[str, NDArray[np.float64]]:
    level = np.arange(num_levels)
    lag = np.abs(level[:, None] - level)
    shrinking = np.linspace(1.0, 0.2, num_levels)
    return {
        "iid": np.eye(num_levels),
        "AR .5": 0.5**lag,
        "AR .9": 0.9**lag,
        "walk": 1.0 + np.minimum(level[:, None], level),
        "shrinking": 0.7**lag * shrinking[:, None] * shrinking,
    }


def _true_epsilon(covariance: NDArray[np.float64]) -> float:
    between = contrast_scores(contrast_scores(covariance).T)
    return float(np.trace(between) ** 2 / (len(between) * np.sum(between**2)))


def _rates(covariance: NDArray[np.float64], *, num_seeds: int, repetitions: int) -> dict[str, float]:
    rng = np.random.default_rng(GENERATOR_SEED)
    root = np.linalg.cholesky(covariance)
    draws = rng.normal(size=(repetitions, 2, num_seeds, len(covariance))) @ root.T
    found = [p_values(values, other=other) for values, other in draws]
    for (values, other), p in zip(draws[:NUM_COMPARED], found, strict=False):
        _check_against_the_analysis(values, other=other, p=p)
    counts = {name: np.array([each[name] for each in found]) for name in found[0]}
    return {name: float(np.nan if np.isnan(p).all() else np.mean(p < ALPHA)) for name, p in counts.items()}


def p_values(values: Values, *, other: Values) -> dict[str, float]:
    """Every p by name; NaN where it is undefined, 0 and 1 for an interval that misses and holds the truth.

    Args:
        values: One condition without an effect.
        other: Another one, of other seeds.
    """
    return {
        **_omnibus(values),
        **_between_levels(values),
        **_seed_summaries(values),
        **_conditions(values, other=other),
        **_descriptions(values),
    }


def _omnibus(values: Values) -> dict[str, float]:
    num_seeds, num_levels = values.shape
    d, v = num_levels - 1, num_seeds - 1
    sums = split_sums_of_squares(values)
    f = (sums.effect / d) / (sums.error / (d * v))
    p = corrected_p(f, df_effect=d, df_error=d * v, epsilon=estimate_epsilons(values))
    mauchly = mauchly_test(values)
    p_mauchly = mauchly.p if isinstance(mauchly, Mauchly) else np.nan
    return {
        "F, Greenhouse-Geisser (headline)": p.gg,
        "F, Huynh-Feldt": p.hf,
        "F, Chi-Muller": _number(p.cm),
        "F, lower bound": p.lb,
        "F, uncorrected": p.uncorrected,
        "F, corrected only if Mauchly rejects": p.gg if p_mauchly < ALPHA else p.uncorrected,
        "Mauchly": p_mauchly,
        "exact sign-flip omnibus": _flip(flip_levels(values)),
        "Friedman": float(stats.friedmanchisquare(*values.T).pvalue),
        "mixed model, Wald": _wald(values),
    }


def _wald(values: Values) -> float:
    # On complete data the fit is known: Wald's chi-squared is SS_effect over the error variance, pooled with the seeds'
    # where their variance is estimated at zero. There the analysis prints no p.
    num_seeds, num_levels = values.shape
    d, v = num_levels - 1, num_seeds - 1
    sums = split_sums_of_squares(values)
    error, pooled = sums.error / (d * v), (sums.error + sums.subject) / (num_levels * v)
    return float(stats.chi2.sf(sums.effect / (error if sums.subject / v > error else pooled), d))


def _between_levels(values: Values) -> dict[str, float]:
    num_seeds, num_levels = values.shape
    every = np.array(list(combinations(range(num_levels), 2)))
    all_pairs = paired_t(values, pairs=every)
    last = _against(num_levels - 1, num_levels=num_levels)
    lowest = _against(int(np.argmin(values.mean(axis=0))), num_levels=num_levels)
    with_last = paired_t(values, pairs=last)
    beyond = np.abs(with_last.t) > t_critical(num_seeds - 1, num_intervals=len(last))
    among_lowest = [row for row, pair in enumerate(every) if lowest[0, 1] in pair]
    return {
        "any pair, t uncorrected": float(all_pairs.p.min()),
        "any pair, t Bonferroni": float(min(1.0, len(every) * all_pairs.p.min())),
        "any pair, t Holm": float(holm(all_pairs.p).min()),
        "any level against last, max-T": float(max_t(values, pairs=last, family=last).p.min()),
        "any level against last, Holm": float(holm(with_last.p).min()),
        "any level against last, sim95 misses": 0.0 if beyond.any() else 1.0,
        "any level against lowest, t uncorrected": float(all_pairs.p[among_lowest].min()),
        "any level against lowest, max-T": float(max_t(values, pairs=lowest, family=every).p.min()),
        "any level against lowest, Holm": float(holm(all_pairs.p)[among_lowest].min()),
    }


def _against(place: int, *, num_levels: int) -> NDArray[np.intp]:
    return np.array([(level, place) for level in range(num_levels) if level != place])


def _seed_summaries(values: Values) -> dict[str, float]:
    num_levels = values.shape[1]
    positions = np.arange(1.0, num_levels + 1)
    lowest = int(np.argmin(values.mean(axis=0)))
    after = slice(lowest + 1, None)
    slopes = slopes_per_doubling(values[:, after], positions=positions[after]) if lowest < num_levels - 2 else None
    trends = values @ orthonormal_polynomials(positions, max_degree=min(3, num_levels - 1)).T
    measures = {
        "final minus minimum (not printed)": values[:, -1] - values.min(axis=1),
        "final minus lowest mean (not printed)": values[:, -1] - values[:, lowest] if lowest < num_levels - 1 else None,
        "slope after lowest mean": slopes,
        "slope over declared levels": slopes_per_doubling(values, positions=positions),
        **{f"{name} trend": trends[:, place] for place, name in enumerate(NAMES[: trends.shape[1]])},
    }
    undefined = np.full(len(values), np.nan)
    t = _one_sample(np.stack([undefined if measure is None else measure for measure in measures.values()], axis=1))
    flips = [np.nan if measure is None else _flip(flip_mean(measure)) for measure in measures.values()]
    return {
        **{f"{name}, t": float(p) for name, p in zip(measures, t, strict=True)},
        **{f"{name}, sign flip": p for name, p in zip(measures, flips, strict=True)},
        "any trend, Holm": float(holm(_one_sample(trends)).min()),
    }


def _conditions(values: Values, *, other: Values) -> dict[str, float]:
    tests = welch_t(values, other)
    exchanged = permute_groups(values, other)
    means = values.mean(axis=1), other.mean(axis=1)
    differences = values - other
    columns = np.hstack([values, other])
    pairs = np.stack([np.arange(values.shape[1]), values.shape[1] + np.arange(values.shape[1])], axis=1)
    interaction = group_effect((contrast_scores(values), contrast_scores(other)))
    assert isinstance(interaction, WithinEffect)
    return {
        "conditions, paired: mean, t": float(_one_sample(differences.mean(axis=1, keepdims=True))[0]),
        "conditions, paired: any level, max-T": float(max_t(columns, pairs=pairs, family=pairs).p.min()),
        "conditions, paired: any level, Holm": float(holm(paired_t(columns, pairs=pairs).p).min()),
        "conditions, unpaired: mean, Welch": float(welch_t(means[0][:, None], means[1][:, None]).p[0]),
        "conditions, unpaired: mean, permutation": float(permute_groups(means[0][:, None], means[1][:, None]).p[0]),
        "conditions, unpaired: any level, max-T": float(exchanged.p_max_t.min()),
        "conditions, unpaired: any level, Holm": float(holm(tests.p).min()),
        "conditions, unpaired: interaction, GG": interaction.p.gg,
    }


def _descriptions(values: Values) -> dict[str, float]:
    num_levels = values.shape[1]
    grid = _grid(values)
    rows = outlying_seeds(grid)
    found = {
        f"any seed's {what} stands out": np.nan
        if isinstance(rows, Undefined)
        else min(_number(row.p_holm) for row in rows if row.what == what)
        for what in ("offset", "shape")
    }
    breaks = np.nan
    if num_levels >= 2 * MIN_POINTS:
        x = np.log2(np.arange(1.0, num_levels + 1))
        breaks = 0.0 if best_segmentation(values, x=x, max_segments=3).starts else 1.0
    return {**found, "a change point is found (no p)": breaks}


def _check_against_the_analysis(values: Values, *, other: Values, p: dict[str, float]) -> None:
    """Stop unless what is counted here is what the analysis prints."""
    axis = Axis("level", {level: level + 1.0 for level in range(values.shape[1])})
    printed: Any = to_plain(metric_statistics(_grid(values), pairs=Pairs.ALL, axis=axis))
    anova, references, summaries = printed["rm_anova"], printed["simultaneous"]["references"], printed["summaries"]
    paired: Any = to_plain(compare_conditions(_grid(other), _grid(values), names=("a", "b")))
    strangers = replace(_grid(other), subjects=tuple(f"other {seed}" for seed in range(len(other))))
    unpaired: Any = to_plain(compare_conditions(strangers, _grid(values), names=("a", "b")))
    expected = {
        "F, Greenhouse-Geisser (headline)": anova["p"]["gg"],
        "F, Huynh-Feldt": anova["p"]["hf"],
        "F, Chi-Muller": anova["p"]["cm"],
        "F, lower bound": anova["p"]["lb"],
        "F, uncorrected": anova["p"]["uncorrected"],
        "Mauchly": anova["mauchly"].get("p", np.nan),
        "exact sign-flip omnibus": printed["sign_flip"]["p"],
        "Friedman": printed["friedman"]["p"],
        "any pair, t Holm": min(row["p_holm"] for row in printed["pairwise"]),
        "any pair, t Bonferroni": min(row["p_bonferroni"] for row in printed["pairwise"]),
        "any level against last, max-T": min(row["p_max_t"] for row in references["last"]["rows"]),
        "any level against last, Holm": min(row["p_holm"] for row in references["last"]["rows"]),
        "any level against lowest, max-T": min(row["p_max_t"] for row in references["minimum"]["rows"]),
        "any level against lowest, Holm": min(row["p_holm"] for row in references["minimum"]["rows"]),
        "linear trend, t": summaries["polynomial"][0]["measure"]["p"],
        "any trend, Holm": min(trend["p_holm"] for trend in summaries["polynomial"]),
        "conditions, paired: mean, t": paired["mean"]["p"],
        "conditions, paired: any level, max-T": min(row["p_max_t"] for row in paired["by_level"]["rows"]),
        "conditions, unpaired: mean, Welch": unpaired["mean"]["p"],
        "conditions, unpaired: mean, permutation": unpaired["mean"]["p_exact"],
        "conditions, unpaired: any level, max-T": min(row["p_max_t"] for row in unpaired["by_level"]["rows"]),
        "conditions, unpaired: interaction, GG": unpaired["interaction"]["p"]["gg"],
    }
    if "undefined" not in printed["mixed_model"]:
        expected["mixed model, Wald"] = printed["mixed_model"]["p"]
    for name, value in expected.items():
        if not np.isclose(p[name], value, rtol=1e-2 if name.startswith("mixed") else 1e-9, equal_nan=True):
            raise SystemExit(f"{name}: counted {p[name]}, printed {value}")


def _grid(values: Values) -> Grid:
    return Grid(values=values, subjects=tuple(range(len(values))), levels=tuple(range(values.shape[1])))


def _number(value: float | Undefined) -> float:
    return np.nan if isinstance(value, Undefined) else value


def _flip(test: SignFlip | Undefined) -> float:
    return test.p if isinstance(test, SignFlip) else np.nan


def _one_sample(measures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two-sided p of the t-test of each column against zero; NaN where it does not vary."""
    with np.errstate(invalid="ignore"):
        t = measures.mean(axis=0) / (measures.std(axis=0, ddof=1) / np.sqrt(len(measures)))
    return np.asarray(2 * stats.t.sf(np.abs(t), len(measures) - 1))


if __name__ == "__main__":
    main()
