"""Find out which weights an experiment begins with, and refuse others later."""

from pathlib import Path

from configs.errors import ConfigurationError
from configs.experiment import ExperimentConfig
from configs.llama_directory import require_directory_shape

__all__ = ["identify_weights"]


def identify_weights(config: ExperimentConfig) -> ExperimentConfig:
    """The config with `model.weights_sha256` of what is in `model.directory` now; without a directory as it is.

    Raises:
        ConfigurationError: If the directory cannot be read, or holds another model than the config tells.
    """
    if config.model.directory is None:
        return config
    # Reads tensors' files; whoever has no directory needs none of it.
    from workers.llama_weights import directory_sha256

    require_directory_shape(config.model)
    sha256 = directory_sha256(Path(config.model.directory))
    if config.model.weights_sha256 not in (None, sha256):
        raise ConfigurationError(
            f"model.directory={config.model.directory} holds other weights (sha256 {sha256[:12]}) than the experiment "
            f"began with ({str(config.model.weights_sha256)[:12]}); put them back, or start anew with another --out"
        )
    return config.with_weights(sha256)
