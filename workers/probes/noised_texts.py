"""Stories of the probed stream, whole and with a share of their tokens replaced by random ones."""

import numpy as np
from numpy.typing import NDArray

from workers.probes.tokens import ProbeTokens

__all__ = ["MOST_TOKENS", "NOISE_PERCENT", "NUM_TEXTS", "beginnings", "noised"]

NOISE_PERCENT = (0, 20, 40, 60, 80, 100)  # Xia et al. 2023, section 4
MOST_TOKENS = 100  # of each text; Xia et al. 2023, section 4
NUM_TEXTS = 64
NOISE_SEED = 20_221_219  # Any fixed number would do; changing it changes every noised text.


def beginnings(tokens: ProbeTokens, *, num_tokens: int) -> tuple[NDArray[np.int64], ...]:
    """The first `NUM_TEXTS` stories, each cut after `num_tokens`, without their end token.

    Args:
        tokens: The probed stream.
        num_tokens: Most tokens of one text; shorter stories stay as they are, unless they have fewer than two.
    """
    ends = np.flatnonzero(tokens.stream == tokens.end_id)
    starts = np.concatenate([[0], ends[:-1] + 1])
    stories = [tokens.stream[start:end] for start, end in zip(starts, ends, strict=True) if end - start > 1]
    return tuple(story[:num_tokens].astype(np.int64) for story in stories[:NUM_TEXTS])


def noised(texts: tuple[NDArray[np.int64], ...], *, percent: int, tokens: ProbeTokens) -> tuple[NDArray[np.int64], ...]:
    """The same texts with that share of their tokens replaced, rounded to whole tokens.

    Replacements are drawn uniformly from the distinct tokens of the probed stream, the end token left out. A text
    has one order in which its tokens are replaced and one replacement for each, so that a larger share only adds to a
    smaller one.

    Args:
        texts: What `beginnings` gives.
        percent: Share of tokens to replace.
        tokens: The probed stream.
    """
    known = np.unique(tokens.stream)
    known = known[known != tokens.end_id].astype(np.int64)
    return tuple(_noised(text, percent=percent, known=known, index=index) for index, text in enumerate(texts))


def _noised(text: NDArray[np.int64], *, percent: int, known: NDArray[np.int64], index: int) -> NDArray[np.int64]:
    rng = np.random.default_rng([NOISE_SEED, index])
    order = rng.permutation(len(text))
    replacements = rng.choice(known, size=len(text))
    chosen = order[: round(percent / 100 * len(text))]
    result = text.copy()
    result[chosen] = replacements[chosen]
    return result
