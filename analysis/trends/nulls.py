"""What share of tokens a rule would sort into each class if no token had a direction."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from analysis.trends.classify import class_shares, classify
from analysis.trends.rules import TrendClass, TrendWindow

__all__ = ["NUM_DRAWS", "NUM_NULL_TOKENS", "NullModel", "NullShares", "null_shares", "surrogates"]

NUM_DRAWS = 4
NUM_NULL_TOKENS = 4_096  # with four draws a share of 5 % has a standard error below 0.2 points


class NullModel(StrEnum):
    """How a token's trajectory loses its direction."""

    PERMUTED = "permuted"
    """Checkpoints in random order: no trend, and no memory from one checkpoint to the next."""
    PHASE_SCRAMBLED = "phase-scrambled"
    """Random phases on the same spectrum: as smooth as the token's own trajectory, but without direction."""


@dataclass(frozen=True, slots=True)
class NullShares:
    """Shares under one null."""

    null: NullModel
    shares: NDArray[np.float64]
    """Mean over draws, in the order of `TrendClass`, shape (4,)."""
    sd_over_draws: NDArray[np.float64]
    """Standard deviation of the share between draws, shape (4,)."""
    num_tokens: int
    """Tokens in each draw."""


def null_shares(
    losses: NDArray[np.floating], *, window: TrendWindow, null: NullModel, rng: np.random.Generator
) -> NullShares:
    """Classify surrogates of the tokens' own trajectories, over `NUM_DRAWS` draws of up to `NUM_NULL_TOKENS` tokens.

    Under permutation about 2.5 % rise and 2.5 % fall where values are near normal, and fewer where a long tail meets
    few checkpoints. Under scrambled phases many more do, since a smooth curve over few points looks like a trend: a
    share no larger than this one is no evidence that training moves these tokens in that direction. Surrogates are
    losses; their exponential is a perplexity.

    Args:
        losses: Nats per token, shape (num_tokens, num_checkpoints).
        window: Rule and checkpoints.
        null: What is taken away.
        rng: Draws tokens and surrogates.
    """
    size = min(NUM_NULL_TOKENS, len(losses))
    draws = np.stack([_one_draw(losses, window=window, null=null, size=size, rng=rng) for _ in range(NUM_DRAWS)])
    return NullShares(null=null, shares=draws.mean(axis=0), sd_over_draws=draws.std(axis=0, ddof=1), num_tokens=size)


def surrogates(values: NDArray[np.float64], *, null: NullModel, rng: np.random.Generator) -> NDArray[np.float64]:
    """One surrogate of each row, shape (num_rows, num_points) as given.

    Scrambled phases keep each row's mean and the size of every Fourier coefficient; phases are uniform, apart from the
    mean's and, for an even number of points, the highest frequency's, whose sign is random. Points count as evenly
    spaced (Theiler et al. 1992, Physica D 58, 77-94, algorithm 1).
    """
    if null is NullModel.PERMUTED:
        return rng.permuted(values, axis=1)
    num_points = values.shape[1]
    spectrum = np.fft.rfft(values, axis=1)
    turns = np.exp(2j * np.pi * rng.random(spectrum.shape))
    turns[:, 0] = 1
    if num_points % 2 == 0:
        turns[:, -1] = np.where(turns[:, -1].real < 0, -1, 1)
    return np.asarray(np.fft.irfft(spectrum * turns, n=num_points, axis=1))


def _one_draw(
    losses: NDArray[np.floating], *, window: TrendWindow, null: NullModel, size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    first = min(window.start, window.stagnation_start)
    chosen = losses[rng.choice(len(losses), size=size, replace=False)].astype(np.float64)
    chosen[:, first:] = surrogates(chosen[:, first:], null=null, rng=rng)
    shares = class_shares(classify(chosen, window=window).classes)
    assert len(shares) == len(TrendClass)
    return shares
