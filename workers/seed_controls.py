"""What a run's seed decides: its initial weights, the order of its data, or both."""

from configs.experiment import ExperimentConfig, SeedControl
from workers.data_order import AbstractWindowOrder, window_order

__all__ = ["data_order_of", "initialization_seed_of"]


def data_order_of(config: ExperimentConfig, *, seed: int, num_train_tokens: int) -> AbstractWindowOrder:
    """The order in which the run with `seed` reads its training stream."""
    return window_order(
        config.corpus.order,
        num_stream_tokens=num_train_tokens,
        context_length=config.model.context_length,
        windows_per_step=config.schedule.tokens_per_step // config.model.context_length,
        seed=_seed_of(config, "data_order", seed),
    )


def initialization_seed_of(config: ExperimentConfig, *, seed: int) -> int:
    """The seed of the initial weights of the run with `seed`."""
    return _seed_of(config, "initialization", seed)


def _seed_of(config: ExperimentConfig, control: SeedControl, seed: int) -> int:
    return seed if control in config.seed_controls else config.shared_seed
