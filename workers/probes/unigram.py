"""The smoothed unigram distribution, to which every model is compared."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["SMOOTHING_COUNT", "smoothed_log_unigram"]

SMOOTHING_COUNT = 0.5
"""Added to every count of a token type, so that one that was never seen keeps a probability."""


def smoothed_log_unigram(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Ln u with u = (count + 1/2) / (N + V/2), shape (V,).

    Args:
        counts: How often each token type occurs, shape (V,).
    """
    smoothed = counts + SMOOTHING_COUNT
    return np.asarray(np.log(smoothed / smoothed.sum()))
