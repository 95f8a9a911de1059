"""Time training steps on random tokens."""

import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np

from configs.experiment import ExperimentConfig
from workers.choose_passes import choose_passes
from workers.data_order import SequentialOrder
from workers.open_trainer import open_trainer
from workers.stack.open_trainer import open_stacked_trainer

__all__ = ["timed_steps", "trial_step"]


def trial_step(config: ExperimentConfig, *, cache_dir: Path) -> Callable[[], object]:
    """A step of one run, or of a full stack, as the experiment would take it, but on random tokens.

    Args:
        config: The experiment as resolved for one condition, its placement decided.
        cache_dir: Where compiled kernels are kept.
    """
    tokens_per_step = config.schedule.tokens_per_step
    generator = np.random.Generator(np.random.Philox(0))
    stream = generator.integers(0, config.model.vocab_size, size=2 * tokens_per_step, dtype=np.uint32)
    length = config.model.context_length
    order = SequentialOrder(len(stream), length, tokens_per_step // length)
    num_stacked = config.placement.stack_runs
    if config.placement.device == "cpu" and num_stacked in (1, "auto"):
        passes = choose_passes(config.placement, cache_dir=cache_dir)
        trainer = open_trainer(config, initialization_seed=0, order=order, stream=stream, passes=passes)
        return trainer.take_step
    assert num_stacked != "auto"
    seeds = range(num_stacked)
    stack = open_stacked_trainer(config, initialization_seeds=seeds, orders=[order] * num_stacked, stream=stream)

    def take_step() -> None:
        if stack.num_steps == config.schedule.num_steps:
            stack.go_to(0)
        stack.take_steps(1)

    return take_step


def timed_steps(
    take_step: Callable[[], object],
    *,
    tokens_per_step: int,
    warm_up_steps: int,
    trial_s: float,
    most_steps: int,
    clock: Callable[[], float],
) -> float:
    """Training tokens per second of one run: tokens of one step over the median time of a step.

    Args:
        take_step: Takes one step and waits for its end.
        tokens_per_step: Of one run.
        warm_up_steps: Steps that are not counted.
        trial_s: Seconds to train for; at least one step is counted.
        most_steps: Steps to count at most.
        clock: Monotonic seconds.
    """
    for _ in range(warm_up_steps):
        take_step()
    durations_s: list[float] = []
    ends_s = clock() + trial_s
    while not durations_s or (clock() < ends_s and len(durations_s) < most_steps):
        before_s = clock()
        take_step()
        durations_s.append(clock() - before_s)
    return tokens_per_step / statistics.median(durations_s)
