"""Bring checkpoints home from the place where they are kept: what the analysis reads, or all of them."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from configs.checkpoints import CheckpointsConfig
from configs.durable import move_directory_durably
from configs.errors import CheckpointError
from configs.run_paths import RunPaths
from orchestrator.checkpoint_place import require_held_place
from workers.checkpoint_store import AbstractCheckpointStore, AbstractPublished
from workers.checksums import SUMS_NAME, file_sha256, read_sums, write_sums
from workers.publication import CheckpointPart
from workers.record_files import ANALYSED_NAMES, STEPS_NAME
from workers.records import IntervalRecord
from workers.store_choice import checkpoint_store

__all__ = ["bring_home"]

_NUM_CONNECTIONS = 8  # small objects are mostly waited for
_OWN_ATTEMPT = 0


def bring_home(
    config: CheckpointsConfig,
    *,
    manifest: dict[str, Any],  # Any: the tree of a JSON file
    paths: RunPaths,
    records: Sequence[IntervalRecord],
    names: frozenset[str] = ANALYSED_NAMES,
) -> tuple[str, ...]:
    """Copy files of checkpoints into the run directory, so that it can be analysed alone.

    Args:
        config: Where the checkpoints are kept.
        manifest: The experiment's.
        paths: The run directory.
        records: The intervals that were measured; those that are here, as their checksums promise, are not asked for.
        names: Which files of each, apart from its steps, which always come.

    Returns:
        A sentence for each that could not be had.

    Raises:
        StorageError: If the place cannot be reached, or holds nothing of this experiment any more.
        RunDirectoryError: If it holds another experiment.
    """
    if config.uri is None:
        return ()
    missing = [record for record in records if not _is_here(record, paths=paths, names=names)]
    if not missing:
        return ()
    require_held_place(config, manifest=manifest)
    store = checkpoint_store(config, paths=paths)
    with ThreadPoolExecutor(max_workers=_NUM_CONNECTIONS) as pool:
        problems = pool.map(lambda record: _fetch(record, store=store, paths=paths, names=names), missing)
        return tuple(problem for problem in problems if problem is not None)


def _is_here(record: IntervalRecord, *, paths: RunPaths, names: frozenset[str]) -> bool:
    directory = paths.checkpoint_dir(record.condition, record.seed, record.interval)
    try:
        sums = read_sums(directory)
        return names <= sums.keys() and all(file_sha256(directory / name) == sums[name] for name in names)
    except (CheckpointError, OSError):
        return False


def _fetch(
    record: IntervalRecord, *, store: AbstractCheckpointStore, paths: RunPaths, names: frozenset[str]
) -> str | None:
    checkpoint = store.published(record.run, record.interval, CheckpointPart.CHECKPOINT)
    if checkpoint is None:
        return f"The checkpoint of {record.run} interval {record.interval} is missing."
    try:
        sums = checkpoint.sums()
        wanted = sorted(names | ({STEPS_NAME} & sums.keys()))
        contents = {name: _as_promised(checkpoint, name, sums=sums) for name in wanted}
    except (CheckpointError, OSError) as error:
        return f"The checkpoint of {record.run} interval {record.interval} cannot be had: {error}."
    final = paths.checkpoint_dir(record.condition, record.seed, record.interval)
    staged = paths.staged_dir(final, attempt=_OWN_ATTEMPT)
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    for name, content in contents.items():
        (staged / name).write_bytes(content)
    write_sums(staged, {name: sums[name] for name in contents})
    move_directory_durably(staged, final)
    return None


def _as_promised(checkpoint: AbstractPublished, name: str, *, sums: Mapping[str, str]) -> bytes:
    if name not in sums:
        raise CheckpointError(f"{checkpoint.location}/{SUMS_NAME} does not list {name}")
    content = checkpoint.read(name)
    if hashlib.sha256(content).hexdigest() != sums[name]:
        raise CheckpointError(f"{checkpoint.location}/{name} does not hold what its checksum promises")
    return content
