"""Tokens whose loss rises and then falls: double descent, by two stated tests."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.trends.nulls import NUM_DRAWS, NUM_NULL_TOKENS, NullModel, surrogates
from analysis.trends.replicated import LEAST_SEEDS, t_over_seeds
from analysis.trends.rules import ALPHA
from analysis.trends.shares import bh_rejected
from analysis.trends.slopes import LEAST_POINTS, ols_slopes
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = [
    "LEAST_WINDOW",
    "ReplicatedRises",
    "RiseThenFall",
    "replicated_rises",
    "rise_then_fall",
    "two_line_scores",
]

LEAST_WINDOW = 2 * LEAST_POINTS - 1  # the peak belongs to both lines


@dataclass(frozen=True, slots=True)
class RiseThenFall:
    """What the two-line test finds in one run."""

    p: NDArray[np.float64]
    """Per token, shape (num_tokens,)."""
    peak: NDArray[np.int64]
    """Index within the window of the best peak, shape (num_tokens,)."""
    is_double_descent: NDArray[np.bool_]
    """Rejected at a false discovery rate of 5 % over tokens."""
    share_nominal: float
    """Tokens with p < .05; 5 % are expected under the null."""


@dataclass(frozen=True, slots=True)
class ReplicatedRises:
    """What the test over seeds finds in one condition."""

    num_seeds: int
    p: NDArray[np.float64]
    is_double_descent: NDArray[np.bool_]
    share_nominal: float


def rise_then_fall(
    losses: NDArray[np.floating], *, rng: np.random.Generator
) -> Mapping[NullModel, RiseThenFall] | Undefined:
    """Test of each token in one run: is there a peak before which its loss rises, and after which it falls?

    The score is the smallest over peaks k of max(p_rise, p_fall): one-sided least-squares p-values of the line through
    the checkpoints up to k and of the line from k on, each over the index and at least three checkpoints (after the
    two-lines test of Simonsohn 2018, AMPPS 1, 538-555). Because the best peak is chosen, its p-value is the share of
    surrogates of all tokens that score as low, (1 + count) / (1 + number). Permuted checkpoints keep nothing, so that
    any slow wave counts as a discovery; scrambled phases keep the spectrum.

    Args:
        losses: Nats per token inside the window, shape (num_tokens, num_points).
        rng: Draws surrogates.

    Returns:
        The result under each null.
    """
    if losses.shape[1] < LEAST_WINDOW:
        return Undefined(f"{counted(losses.shape[1], 'checkpoint')}; a rise and a fall need {LEAST_WINDOW}")
    values = np.asarray(losses, dtype=np.float64)
    scores, peak = two_line_scores(values)
    return {null: _against(null, scores=scores, peak=peak, values=values, rng=rng) for null in NullModel}


def two_line_scores(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The best score of each trajectory and the index of its peak, both of shape (num_trajectories,)."""
    num_points = values.shape[1]
    peaks = np.arange(LEAST_POINTS - 1, num_points - LEAST_POINTS + 1)
    points = np.arange(num_points, dtype=np.float64)
    scores = np.stack(
        [
            np.maximum(
                ols_slopes(values[:, : peak + 1], points=points[: peak + 1]).p_rising,
                ols_slopes(-values[:, peak:], points=points[peak:]).p_rising,
            )
            for peak in peaks
        ]
    )
    best = scores.argmin(axis=0)
    return scores[best, np.arange(len(values))], peaks[best]


def replicated_rises(losses: NDArray[np.floating]) -> ReplicatedRises | Undefined:
    """Test of each token over seeds: does its loss rise to a peak and fall from it, where the other seeds have theirs?

    For each seed a trough and a peak are chosen from the mean of the *other* seeds: the peak k with the largest
    min(rise, fall), where rise = y_k - min_{i <= k} y_i and fall = y_k - y_n, both at that mean. The left-out seed's
    own rise and fall at these checkpoints have mean zero if there is nothing, although the best peak was chosen. p is
    the larger of the two one-sided t tests over seeds.

    Args:
        losses: Nats per token inside the window, shape (num_seeds, num_tokens, num_points).
    """
    num_seeds, _, num_points = losses.shape
    if num_seeds < LEAST_SEEDS:
        return Undefined(f"{counted(num_seeds, 'seed')}; a test over seeds needs {LEAST_SEEDS}")
    if num_points < LEAST_POINTS:
        return Undefined(f"{counted(num_points, 'checkpoint')}; a rise and a fall need {LEAST_POINTS}")
    values = np.asarray(losses, dtype=np.float64)
    total = values.sum(axis=0)
    moves = [_rise_and_fall(seed, others=(total - seed) / (num_seeds - 1)) for seed in values]
    rises, falls = (np.stack([move[index] for move in moves]) for index in (0, 1))
    p = np.maximum(*(stats.t.sf(t_over_seeds(move), num_seeds - 1) for move in (rises, falls)))
    return ReplicatedRises(
        num_seeds=num_seeds, p=p, is_double_descent=bh_rejected(p), share_nominal=float(np.mean(p < ALPHA))
    )


def _rise_and_fall(
    seed: NDArray[np.float64], *, others: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rise and fall of one seed, each of shape (num_tokens,), at the trough and peak of the other seeds' mean."""
    lowest = np.minimum.accumulate(others, axis=1)
    peak = np.minimum(others - lowest, others - others[:, -1:]).argmax(axis=1)
    is_before = np.arange(others.shape[1]) <= peak[:, None]
    trough = np.where(is_before, others, np.inf).argmin(axis=1)
    rows = np.arange(len(seed))
    return seed[rows, peak] - seed[rows, trough], seed[rows, peak] - seed[:, -1]


def _against(
    null: NullModel,
    *,
    scores: NDArray[np.float64],
    peak: NDArray[np.int64],
    values: NDArray[np.float64],
    rng: np.random.Generator,
) -> RiseThenFall:
    pool = np.sort(np.concatenate(list(_null_scores(values, null=null, rng=rng))))
    p = (1 + np.searchsorted(pool, scores, side="right")) / (1 + len(pool))
    return RiseThenFall(p=p, peak=peak, is_double_descent=bh_rejected(p), share_nominal=float(np.mean(p < ALPHA)))


def _null_scores(
    values: NDArray[np.float64], *, null: NullModel, rng: np.random.Generator
) -> Iterator[NDArray[np.float64]]:
    for _ in range(NUM_DRAWS):
        rows = rng.choice(len(values), size=min(NUM_NULL_TOKENS, len(values)), replace=False)
        yield two_line_scores(surrogates(values[rows], null=null, rng=rng))[0]
