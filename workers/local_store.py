"""Keep checkpoints in directories, staged beside their final names and moved."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, final

from configs.durable import sync_tree
from configs.run_paths import RunPaths
from workers.checkpoint_store import AbstractCheckpointStore, AbstractPublished, AbstractStaging
from workers.checksums import file_sha256, read_sums, verify_checksums, write_sums
from workers.points import Reach, pass_by
from workers.publication import CheckpointPart, drop_staged, final_dir, publish_interval, set_aside
from workers.records import RunId

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LocalPublished", "LocalStore"]

_READABLE = 0o644  # safetensors writes for its user alone, every other file here is for colleagues too


@final
class LocalStore(AbstractCheckpointStore):
    """A run directory, or a directory elsewhere with the same names in it.

    Args:
        paths: The directory.
    """

    def __init__(self, paths: RunPaths) -> None:
        self._paths = paths

    def staging(self, run: RunId, interval: int, part: CheckpointPart, *, attempt: int) -> AbstractStaging:
        """See the base class."""
        final = final_dir(self._paths, run=run, interval=interval, part=part)
        return _LocalStaging(self._paths.staged_dir(final, attempt=attempt))

    def published(self, run: RunId, interval: int, part: CheckpointPart) -> AbstractPublished | None:
        """See the base class."""
        final = final_dir(self._paths, run=run, interval=interval, part=part)
        return LocalPublished(final) if final.is_dir() else None

    def publish(self, run: RunId, interval: int, *, attempt: int, reach: Reach = pass_by) -> None:
        """See the base class."""
        publish_interval(self._paths, run=run, interval=interval, attempt=attempt, reach=reach)

    def set_aside(self, run: RunId, interval: int, part: CheckpointPart) -> str | None:
        """See the base class."""
        kept = set_aside(self._paths, run=run, interval=interval, part=part)
        return None if kept is None else str(kept)

    def drop_staged(self, run: RunId, *, before_attempt: int) -> None:
        """See the base class."""
        drop_staged(self._paths, run=run, before_attempt=before_attempt)


@final
class LocalPublished(AbstractPublished):
    """A directory under its final name."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def location(self) -> str:
        """See the base class."""
        return str(self._directory)

    def verify(self, names: frozenset[str], *, optional: frozenset[str] = frozenset()) -> None:
        """See the base class."""
        verify_checksums(self._directory, names=names, optional=optional)

    def sums(self) -> Mapping[str, str]:
        """See the base class."""
        return read_sums(self._directory)

    def read(self, name: str) -> bytes:
        """See the base class."""
        return (self._directory / name).read_bytes()

    def load_tensors(self, name: str) -> "Mapping[str, Tensor]":
        """See the base class."""
        from safetensors.torch import load_file

        return load_file(self._directory / name)


@final
class _LocalStaging(AbstractStaging):
    def __init__(self, directory: Path) -> None:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        self._directory = directory
        self._sums: dict[str, str] = {}

    def write(self, name: str, data: bytes) -> str:
        (self._directory / name).write_bytes(data)
        return self._note(name)

    def save_tensors(self, name: str, tensors: "dict[str, Tensor]", metadata: dict[str, str] | None = None) -> str:
        from safetensors.torch import save_file

        save_file(tensors, self._directory / name, metadata)
        (self._directory / name).chmod(_READABLE)
        return self._note(name)

    def seal(self) -> None:
        write_sums(self._directory, self._sums)
        sync_tree(self._directory)

    def _note(self, name: str) -> str:
        self._sums[name] = file_sha256(self._directory / name)
        return self._sums[name]
