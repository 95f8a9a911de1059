"""Build the model that a run begins with: drawn from its seed, or read from a directory."""

import torch

from configs.model import ModelConfig
from configs.precision import Precision
from workers.llama_weights import read_directory_weights
from workers.model import Llama, blank_model, build_model
from workers.passes import AbstractPasses

__all__ = ["initial_model"]


def initial_model(
    config: ModelConfig, *, seed: int, passes: AbstractPasses | None = None, precision: Precision = Precision.FP32
) -> Llama:
    """The initial weights of a run, the same for every seed where `config.directory` gives them.

    Args:
        config: The shape, and where weights come from.
        seed: Of weights that are drawn.
        passes: What computes between the products; torch where it is not given.
        precision: Of the products.

    Raises:
        ConfigurationError: If the directory does not hold the weights that it should.
    """
    if config.directory is None:
        return build_model(config, seed=seed, passes=passes, precision=precision)
    model = blank_model(config, passes=passes, precision=precision)
    weights = read_directory_weights(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights.pop(name))
    return model
