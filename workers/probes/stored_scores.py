"""The losses of evaluated tokens that training stored beside every checkpoint: read, not measured."""

import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from configs.errors import CheckpointError
from workers.probes.checkpoints import CheckpointGroup
from workers.record_files import SCORES_NAME

__all__ = ["stored_losses"]


def stored_losses(group: CheckpointGroup) -> NDArray[np.float32]:
    """Nats per evaluated token of every member, shape (num_seeds, num_tokens).

    Raises:
        CheckpointError: If a file is missing or damaged.
    """
    return np.stack([_read(Path(member.directory) / SCORES_NAME) for member in group.members])


def _read(path: Path) -> NDArray[np.float32]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            return np.asarray(file["loss_nats"], dtype=np.float32)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path} is missing or damaged ({error}); probe without --stored.") from error
