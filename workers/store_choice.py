"""Choose where the checkpoints of an experiment are kept."""

from pathlib import Path

from configs.checkpoints import CheckpointsConfig
from configs.run_paths import RunPaths
from workers.checkpoint_store import AbstractCheckpointStore
from workers.local_store import LocalStore
from workers.object_storage import ObjectStorage
from workers.object_store import ObjectStore

__all__ = ["checkpoint_store"]


def checkpoint_store(config: CheckpointsConfig, *, paths: RunPaths) -> AbstractCheckpointStore:
    """The store that a config names.

    Args:
        config: Where checkpoints are kept.
        paths: The run directory, which keeps them where the config names no other place.
    """
    if config.uri is None:
        return LocalStore(paths)
    # Directories can be renamed, which a crash does not tear; fsspec would write files in place.
    if config.local_directory is not None:
        return LocalStore(RunPaths(Path(config.local_directory)))
    return ObjectStore(ObjectStorage(config.uri))
