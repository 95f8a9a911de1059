"""Know the files of a checkpoint, and read its record."""

import json
from pathlib import Path

from configs.errors import CheckpointError
from workers.checksums import verify_checksums
from workers.records import IntervalRecord, RunId

__all__ = [
    "CHECKPOINT_NAMES",
    "RECORD_NAME",
    "RESUME_NAMES",
    "SCORES_NAME",
    "STEPS_NAME",
    "WEIGHTS_NAME",
    "read_record",
    "read_whole_record",
]

RECORD_NAME = "record.json"
STEPS_NAME = "steps.npz"  # run directories of earlier versions lack it
WEIGHTS_NAME = "model.safetensors"
SCORES_NAME = "tokens.npz"
CHECKPOINT_NAMES = frozenset({"config.json", WEIGHTS_NAME, RECORD_NAME, SCORES_NAME})
RESUME_NAMES = frozenset({"optimizer.safetensors"})


def read_whole_record(checkpoint_dir: Path, *, run: RunId, interval: int) -> IntervalRecord:
    """The record of a checkpoint all of whose files hold what their checksums promise.

    Raises:
        CheckpointError: If one does not, or the checkpoint is that of another run or interval.
    """
    verify_checksums(checkpoint_dir, names=CHECKPOINT_NAMES, optional=frozenset({STEPS_NAME}))
    record = read_record(checkpoint_dir)
    if (record.run, record.interval) != (run, interval):
        raise CheckpointError(f"{checkpoint_dir} holds interval {record.interval} of {record.run}")
    return record


def read_record(checkpoint_dir: Path) -> IntervalRecord:
    """The record of a checkpoint, from which the ledger can be rebuilt.

    Raises:
        CheckpointError: If the file is missing or is no record of this schema.
    """
    path = checkpoint_dir / RECORD_NAME
    try:
        return IntervalRecord.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} does not hold a record: {error}") from error
