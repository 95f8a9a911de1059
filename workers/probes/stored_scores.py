"""The scores of evaluated tokens that training stored beside every checkpoint: read, not measured."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from configs.errors import RunDirectoryError
from workers.probes.checkpoints import CheckpointGroup
from workers.record_files import SCORES_NAME

__all__ = ["stored_losses", "stored_scores"]

_NAMES = ("loss_nats", "rank", "num_ties")


def stored_losses(group: CheckpointGroup) -> NDArray[np.float32]:
    """Nats per evaluated token of every member, shape (num_seeds, num_tokens).

    Raises:
        RunDirectoryError: If a file is missing or damaged.
    """
    return np.asarray(stored_scores(group)["loss_nats"], dtype=np.float32)


def stored_scores(group: CheckpointGroup) -> dict[str, NDArray[Any]]:
    """The same arrays that `measure_group` writes as scores, of the evaluated tokens.

    Raises:
        RunDirectoryError: If a file is missing or damaged.
    """
    model = group.members[0].model
    assert model is not None, "scores are stored in run directories, whose models are ours"
    stored = [_read(Path(member.directory) / SCORES_NAME) for member in group.members]
    return {
        "seeds": np.array(group.seeds, dtype=np.int64),
        **{name: np.stack([one[name] for one in stored]) for name in _NAMES},
        "num_parameters": np.array(model.num_parameters),
        "num_embedding_parameters": np.array(model.num_embedding_parameters),
    }


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            return {name: file[name] for name in _NAMES}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise RunDirectoryError(f"{path} is missing or damaged; probe without --stored.") from error
