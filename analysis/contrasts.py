"""The covariance of orthonormal contrasts between levels, up to scale."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["contrast_scores", "gram_of_residuals"]


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


def gram_of_residuals(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """R R', shape (num_seeds, num_seeds), with R the contrast scores less their mean over seeds.

    It shares its non-zero eigenvalues with (num_seeds - 1) times the covariance of the contrasts, and is the smaller of
    the two when levels outnumber seeds. It is scaled to trace 1, so that its square cannot overflow.

    Args:
        values: A complete grid with an error above zero, shape (num_seeds, num_levels).
    """
    scores = contrast_scores(values)
    residuals = scores - scores.mean(axis=0)
    residuals = residuals / np.linalg.norm(residuals)
    return np.asarray(residuals @ residuals.T)
