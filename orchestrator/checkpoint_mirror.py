"""Bring home from the place of the checkpoints what the analysis reads: all of them but the weights."""

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from configs.checkpoints import CheckpointsConfig
from configs.durable import move_directory_durably
from configs.errors import CheckpointError
from configs.run_paths import RunPaths
from workers.checkpoint_store import AbstractCheckpointStore, AbstractPublished
from workers.publication import CheckpointPart
from workers.record_files import ANALYSED_NAMES, STEPS_NAME
from workers.records import IntervalRecord
from workers.store_choice import checkpoint_store

__all__ = ["mirror_measurements"]

_NUM_CONNECTIONS = 8  # small objects are mostly waited for
_OWN_ATTEMPT = 0


def mirror_measurements(
    config: CheckpointsConfig, *, paths: RunPaths, records: Sequence[IntervalRecord]
) -> tuple[str, ...]:
    """Copy evaluations, steps and records into the run directory, so that it can be analysed alone.

    Args:
        config: Where the checkpoints are kept.
        paths: The run directory.
        records: The intervals that were measured; those that are there already are not asked for.

    Returns:
        A sentence for each that could not be had.

    Raises:
        StorageError: If the place cannot be reached.
    """
    if config.uri is None:
        return ()
    store = checkpoint_store(config, paths=paths)
    missing = [record for record in records if not _is_here(record, paths=paths)]
    with ThreadPoolExecutor(max_workers=_NUM_CONNECTIONS) as pool:
        problems = pool.map(lambda record: _fetch(record, store=store, paths=paths), missing)
        return tuple(problem for problem in problems if problem is not None)


def _is_here(record: IntervalRecord, *, paths: RunPaths) -> bool:
    return paths.tokens_file(record.condition, record.seed, record.interval).is_file()


def _fetch(record: IntervalRecord, *, store: AbstractCheckpointStore, paths: RunPaths) -> str | None:
    checkpoint = store.published(record.run, record.interval, CheckpointPart.CHECKPOINT)
    if checkpoint is None:
        return f"the checkpoint of {record.run} interval {record.interval} is missing."
    try:
        contents = _contents(checkpoint)
    except (CheckpointError, OSError) as error:
        return f"{error}."
    final = paths.checkpoint_dir(record.condition, record.seed, record.interval)
    staged = paths.staged_dir(final, attempt=_OWN_ATTEMPT)
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    for name, content in contents.items():
        (staged / name).write_bytes(content)
    move_directory_durably(staged, final)
    return None


def _contents(checkpoint: AbstractPublished) -> dict[str, bytes]:
    contents = {name: checkpoint.read(name) for name in sorted(ANALYSED_NAMES)}
    try:
        return contents | {STEPS_NAME: checkpoint.read(STEPS_NAME)}
    except FileNotFoundError:
        return contents
