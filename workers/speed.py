"""Time training steps on random tokens."""

import statistics
from collections.abc import Callable

import numpy as np

from configs.experiment import ExperimentConfig
from workers.data_order import SequentialOrder
from workers.model import build_model
from workers.passes import AbstractPasses
from workers.trainer import Trainer

__all__ = ["timed_steps"]


def timed_steps(
    config: ExperimentConfig,
    *,
    passes: AbstractPasses,
    warm_up_steps: int,
    trial_s: float,
    most_steps: int,
    clock: Callable[[], float],
) -> float:
    """Training tokens per second: tokens of one step over the median time of a step.

    Args:
        config: The experiment as resolved for one condition.
        passes: What computes between the model's products.
        warm_up_steps: Steps that are not counted.
        trial_s: Seconds to train for; at least one step is counted.
        most_steps: Steps to count at most.
        clock: Monotonic seconds.
    """
    tokens_per_step = config.schedule.tokens_per_step
    generator = np.random.Generator(np.random.Philox(0))
    stream = generator.integers(0, config.model.vocab_size, size=2 * tokens_per_step, dtype=np.uint32)
    length = config.model.context_length
    trainer = Trainer(
        build_model(config.model, seed=0, passes=passes, precision=config.precision),
        stream=stream,
        order=SequentialOrder(len(stream), length, tokens_per_step // length),
        optimization=config.optimization,
    )
    for _ in range(warm_up_steps):
        trainer.take_step()
    durations_s: list[float] = []
    ends_s = clock() + trial_s
    while not durations_s or (clock() < ends_s and len(durations_s) < most_steps):
        before_s = clock()
        trainer.take_step()
        durations_s.append(clock() - before_s)
    return tokens_per_step / statistics.median(durations_s)
