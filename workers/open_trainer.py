"""Build the trainer of one run as its experiment says."""

import numpy as np
from numpy.typing import NDArray

from configs.experiment import ExperimentConfig
from workers.data_order import AbstractWindowOrder
from workers.initial_model import initial_model
from workers.passes import AbstractPasses
from workers.trainer import Trainer

__all__ = ["open_trainer"]


def open_trainer(
    config: ExperimentConfig,
    *,
    initialization_seed: int,
    order: AbstractWindowOrder,
    stream: NDArray[np.unsignedinteger],
    passes: AbstractPasses | None,
) -> Trainer:
    """A trainer before its first step; `workers.stack.open_trainer` builds one of several runs.

    Args:
        config: The experiment as resolved for the run's condition.
        initialization_seed: Of the run's weights.
        order: The run's data order.
        stream: The training stream.
        passes: What computes between the products; torch where it is None.

    Raises:
        ConfigurationError: If the initial weights cannot be had.
    """
    model = initial_model(config.model, seed=initialization_seed, passes=passes, precision=config.precision)
    return Trainer(
        model,
        stream=stream,
        order=order,
        optimization=config.optimization,
        tokens_at_once=config.placement.tokens_at_once,
    )
