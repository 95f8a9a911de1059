"""Count a checkpoint's parameters without opening its model."""

from pathlib import Path

from safetensors import safe_open

from configs.errors import CheckpointError
from workers.probes.checkpoints import Checkpoint

__all__ = ["count_parameters"]


def count_parameters(checkpoint: Checkpoint) -> int:
    """All parameters that its files hold; a tied matrix counts once where it is kept once.

    Raises:
        CheckpointError: If a file cannot be read.
    """
    if checkpoint.model is not None:
        return checkpoint.model.num_parameters
    return sum(_count(file) for file in sorted(Path(checkpoint.directory).glob("*.safetensors")))


def _count(file: Path) -> int:
    total = 0
    try:
        with safe_open(file, framework="numpy") as tensors:
            for name in tensors.keys():  # noqa: SIM118, the file is no mapping
                size = 1
                for length in tensors.get_slice(name).get_shape():
                    size *= length
                total += size
    except Exception as error:
        raise CheckpointError(f"{file} cannot be read: {error}") from error
    return total
