"""Scores on orthonormal contrasts between levels."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["contrast_scores"]


def contrast_scores(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each seed's coordinates on orthonormal contrasts between the levels.

    Z = Y C', with the rows of C orthonormal and each summing to zero.

    Args:
        values: A complete grid Y, shape (num_seeds, num_levels).

    Returns:
        Z, shape (num_seeds, num_levels - 1). C holds Helmert's contrasts; statistics here depend on no other choice.
    """
    num_levels = values.shape[1]
    scores = np.empty((values.shape[0], num_levels - 1))
    running_sum = np.cumsum(values - values[:, :1], axis=1)
    for level in range(1, num_levels):
        mean_before = running_sum[:, level - 1] / level
        scores[:, level - 1] = (mean_before - (values[:, level] - values[:, 0])) * np.sqrt(level / (level + 1))
    return scores
