"""In which order the runs of an experiment begin."""

import random

from configs.blocked_orders import blocked_orders
from configs.experiment import ExperimentConfig
from workers.records import RunId

__all__ = ["runs_in_order"]


def runs_in_order(config: ExperimentConfig) -> tuple[RunId, ...]:
    """Every run, in the order in which free slots take them.

    Listed order goes condition by condition. Random order goes seed by seed, the seeds shuffled, and within each seed
    the conditions in an order of its own: what drifts with time, such as temperature, then stands for no condition.
    """
    if config.placement.run_order == "listed":
        return tuple(RunId(condition, seed) for condition in config.condition_names for seed in config.seeds)
    rng = random.Random(config.placement.run_order_seed)
    seeds = rng.sample(config.seeds, len(config.seeds))
    orders = blocked_orders(config.condition_names, num_blocks=len(seeds), rng=rng)
    return tuple(RunId(condition, seed) for seed, order in zip(seeds, orders, strict=True) for condition in order)
