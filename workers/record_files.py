"""Know the files of a checkpoint, and read its record."""

import json

from configs.errors import CheckpointError
from workers.checkpoint_store import AbstractPublished
from workers.records import IntervalRecord, RunId

__all__ = [
    "ANALYSED_NAMES",
    "CHECKPOINT_NAMES",
    "RECORD_NAME",
    "RESUME_NAMES",
    "SCORES_NAME",
    "STEPS_NAME",
    "WEIGHTS_NAME",
    "checkpoint_names",
    "read_record",
    "read_whole_record",
]

RECORD_NAME = "record.json"
STEPS_NAME = "steps.npz"  # run directories of earlier versions lack it
WEIGHTS_NAME = "model.safetensors"
SCORES_NAME = "tokens.npz"
ANALYSED_NAMES = frozenset({"config.json", RECORD_NAME, SCORES_NAME})
CHECKPOINT_NAMES = ANALYSED_NAMES | {WEIGHTS_NAME}
RESUME_NAMES = frozenset({"optimizer.safetensors"})


def checkpoint_names(*, has_weights: bool) -> frozenset[str]:
    """The files that a checkpoint has to hold."""
    return CHECKPOINT_NAMES if has_weights else ANALYSED_NAMES


def read_whole_record(
    checkpoint: AbstractPublished, *, run: RunId, interval: int, names: frozenset[str] = CHECKPOINT_NAMES
) -> IntervalRecord:
    """The record of a checkpoint all of whose files hold what their checksums promise.

    Args:
        checkpoint: As published.
        run: Whose it should be.
        interval: Which it should be.
        names: The files that it must hold.

    Raises:
        CheckpointError: If one does not, or the checkpoint is that of another run or interval.
    """
    checkpoint.verify(names, optional=frozenset({STEPS_NAME}))
    record = read_record(checkpoint)
    if (record.run, record.interval) != (run, interval):
        raise CheckpointError(f"{checkpoint.location} holds interval {record.interval} of {record.run}")
    return record


def read_record(checkpoint: AbstractPublished) -> IntervalRecord:
    """The record of a checkpoint, from which the ledger can be rebuilt.

    Raises:
        CheckpointError: If the file is missing or is no record of this schema.
    """
    try:
        return IntervalRecord.from_dict(json.loads(checkpoint.read(RECORD_NAME).decode()))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{checkpoint.location}/{RECORD_NAME} does not hold a record: {error}") from error
