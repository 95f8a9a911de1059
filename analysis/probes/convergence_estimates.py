"""Estimate the expected convergence of each class of contexts, and how far seeds and stories move it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.probes.token_classes import LEAST_CONTEXTS, TokenClass

__all__ = ["ConvergenceEstimate", "DivergenceGroup", "StoryResamples", "convergence_estimates", "jackknife_se"]

# S seeds, N contexts, R resamples.


@dataclass(frozen=True, eq=False, slots=True)
class DivergenceGroup:
    """How far all seeds of a condition are apart on the same contexts at one interval."""

    condition: str
    interval: int
    step: int
    tokens: int | None
    """Training tokens seen; None where nothing tells."""
    arrays: Mapping[str, NDArray[np.generic]]
    """What `DivergenceCollector.arrays` describes, with `seeds` of shape (S,)."""

    @property
    def num_seeds(self) -> int:
        """Seeds that are compared."""
        return len(self.arrays["seeds"])


@dataclass(frozen=True, eq=False, slots=True)
class ConvergenceEstimate:
    """The expected convergence of one class at one interval; NaN where it cannot be had."""

    num_contexts: int
    convergence_nats: float
    """Minus the mean KL over contexts and all ordered pairs of seeds: 0 where all agree."""
    without_seed_nats: NDArray[np.float64]
    """The same with each seed left out, shape (S,)."""
    jackknife_se: float
    """Standard error over seeds, from leaving one out at a time; it needs three seeds."""
    resample_se: float
    """Standard error over stories, from drawing them again; it needs two stories."""
    kl_to_uniform_nats: float
    """Mean over contexts and seeds of KL(model || uniform)."""
    kl_to_unigram_nats: float
    """Mean over contexts and seeds of KL(model || smoothed unigram)."""


class StoryResamples:
    """How often each story is drawn in each resample, the same for every class and interval.

    Tokens of one story depend on each other, so stories are drawn, and with them all their contexts.

    Args:
        stories: Index of each context's story, shape (N,).
        num_resamples: How many times.
        rng: The source of chance.
    """

    def __init__(self, stories: NDArray[np.int64], *, num_resamples: int, rng: np.random.Generator) -> None:
        self.stories = stories
        self.num_stories = int(stories.max()) + 1
        shares = np.full(self.num_stories, 1 / self.num_stories)
        self.weights: NDArray[np.float64] = rng.multinomial(self.num_stories, shares, size=num_resamples).astype(float)

    def means(self, values: NDArray[np.floating], *, members: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The mean of `values` over the members in every resample, shape (R,); NaN where no member was drawn.

        Args:
            values: One value per context, shape (N,).
            members: Which contexts count, shape (N,).
        """
        chosen = self.stories[members]
        sums = np.bincount(chosen, weights=values[members], minlength=self.num_stories)
        counts = np.bincount(chosen, minlength=self.num_stories)
        totals = self.weights @ counts
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((self.weights @ sums) / totals)


def convergence_estimates(
    group: DivergenceGroup, *, classes: Sequence[TokenClass], resamples: StoryResamples
) -> list[ConvergenceEstimate]:
    """One estimate for each class, in their order.

    Args:
        group: What was measured.
        classes: Some or all of the contexts each.
        resamples: How stories are drawn.
    """
    return [_estimate(group, members=one.members, resamples=resamples) for one in classes]


def jackknife_se(without_one: NDArray[np.float64]) -> float:
    """sqrt((S - 1) / S x sum of squared deviations) of the S estimates that leave one seed out each.

    Pairs share their seeds, so S(S - 1) pairs are far fewer than that many independent values; the units are the seeds.

    Source: Efron and Stein 1981, The Annals of Statistics 9(3).

    Args:
        without_one: Shape (S,); NaN where leaving one out leaves no pair.
    """
    num_seeds = len(without_one)
    deviations = without_one - without_one.mean()
    return float(np.sqrt((num_seeds - 1) / num_seeds * (deviations**2).sum()))


def _estimate(group: DivergenceGroup, *, members: NDArray[np.bool_], resamples: StoryResamples) -> ConvergenceEstimate:
    num_contexts, num_seeds = int(members.sum()), group.num_seeds
    if num_contexts < LEAST_CONTEXTS:
        nothing = float("nan")
        return ConvergenceEstimate(
            num_contexts, nothing, np.full(num_seeds, nothing), nothing, nothing, nothing, nothing
        )
    divergence = group.arrays["divergence_nats"]
    mean = float(divergence[members].mean(dtype=np.float64))
    of_seed = group.arrays["seed_sum_nats"][:, members].mean(1, dtype=np.float64)
    resampled = resamples.means(divergence, members=members)  # type: ignore[arg-type]
    without_one = _without_each(mean, of_seed=of_seed)
    return ConvergenceEstimate(
        num_contexts=num_contexts,
        convergence_nats=0.0 - mean,  # not -mean: seeds that agree are 0.0 apart, not -0.0
        without_seed_nats=0.0 - without_one,
        jackknife_se=jackknife_se(without_one),
        resample_se=float(np.nanstd(resampled, ddof=1)) if resamples.num_stories > 1 else float("nan"),
        kl_to_uniform_nats=_mean_of(group, "kl_to_uniform_nats", members=members),
        kl_to_unigram_nats=_mean_of(group, "kl_to_unigram_nats", members=members),
    )


def _without_each(mean: float, *, of_seed: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean KL over the ordered pairs that remain when each seed is left out."""
    num_seeds = len(of_seed)
    if num_seeds < 3:
        return np.full(num_seeds, np.nan)
    total = mean * num_seeds * (num_seeds - 1)
    return np.asarray((total - of_seed) / ((num_seeds - 1) * (num_seeds - 2)))


def _mean_of(group: DivergenceGroup, name: str, *, members: NDArray[np.bool_]) -> float:
    values = group.arrays.get(name)
    return float("nan") if values is None else float(values[members].mean(dtype=np.float64))
