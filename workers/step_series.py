"""What every optimizer step of one interval showed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["StepSeries"]


@dataclass(frozen=True, slots=True)
class StepSeries:
    """One value per step, in the order of the steps; both arrays have shape (num_steps,), empty at interval 0."""

    loss_nats: NDArray[np.float64]
    """Mean cross entropy over the step's tokens before its update, in nats per token."""
    grad_norm: NDArray[np.float64]
    """Global norm of the gradient before clipping."""
