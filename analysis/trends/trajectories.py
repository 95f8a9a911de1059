"""The loss of every probed token at every checkpoint of one condition."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["TokenTrajectories"]


@dataclass(frozen=True, eq=False, slots=True)
class TokenTrajectories:
    """All seeds of one condition, on the same tokens at the same checkpoints."""

    condition: str
    seeds: tuple[int, ...]
    intervals: tuple[int, ...]
    steps: NDArray[np.int64]
    """Step of each checkpoint, rising, shape (num_checkpoints,)."""
    tokens: NDArray[np.int64]
    """Training tokens at each, or steps where nothing tells them; only ratios matter."""
    losses: NDArray[np.float32]
    """Nats per token, shape (num_seeds, num_tokens, num_checkpoints)."""
    num_parameters: int

    @property
    def num_tokens(self) -> int:
        """Probed tokens."""
        return int(self.losses.shape[1])

    @property
    def first_trained(self) -> int:
        """Index of the first checkpoint after the initial state."""
        return int(self.steps[0] == 0)

    @property
    def mean_losses(self) -> NDArray[np.float64]:
        """Mean over tokens, shape (num_seeds, num_checkpoints)."""
        return np.asarray(self.losses.mean(axis=1, dtype=np.float64))
