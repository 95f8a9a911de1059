"""Leave something at the place that all nodes share, by which each of them tells whether it sees the same."""

import os
import platform
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from configs.checkpoints import CheckpointsConfig
from configs.errors import RunDirectoryError, StorageError
from orchestrator.needs import nearest_existing
from workers.object_storage import ObjectStorage

__all__ = ["Marker", "left_marker"]

_PREFIX = ".seedscope-"


@dataclass(frozen=True, slots=True)
class Marker:
    """A small file or object with content that nobody can guess."""

    place: Path | ObjectStorage
    """The directory of the file, or what holds the object."""
    name: str
    content: str
    readable: tuple[Path, ...] = ()
    """Directories that have to be there as well."""

    def leave(self) -> None:
        """Put it there.

        Raises:
            RunDirectoryError: If that fails in a directory.
            StorageError: If it fails elsewhere.
        """
        if isinstance(self.place, ObjectStorage):
            self.place.put(self.name, self.content.encode())
            return
        try:
            (self.place / self.name).write_text(self.content, encoding="utf-8")
        except OSError as error:
            raise RunDirectoryError(
                f"nothing can be written to {self.place}: {error.strerror}; choose another --out"
            ) from error

    def take_back(self) -> None:
        """Remove it."""
        if isinstance(self.place, ObjectStorage):
            self.place.delete(self.name)
        else:
            (self.place / self.name).unlink(missing_ok=True)

    def why_unseen(self) -> str:
        """On any node: empty if it sees the marker and all else, else what is to be done."""
        missing = next((str(directory) for directory in self.readable if not _can_list(directory)), None)
        if missing is not None:
            return f"{missing} cannot be read there; put it where every node has it under the same name"
        if isinstance(self.place, ObjectStorage):
            return self._why_unseen_in(self.place)
        try:
            is_seen = (self.place / self.name).read_text(encoding="utf-8") == self.content
        except OSError:
            is_seen = False
        problem = "the run directory is not the same place there; put --out on storage that every node shares"
        return "" if is_seen else problem

    def _why_unseen_in(self, storage: ObjectStorage) -> str:
        try:
            is_seen = storage.get(self.name) == self.content.encode()
        except StorageError as error:
            return str(error)
        return "" if is_seen else f"checkpoints.uri={storage.uri} is not the same place there"


def _can_list(directory: Path) -> bool:
    return directory.is_dir() and os.access(directory, os.R_OK | os.X_OK)


def _remove_abandoned(place: Path | ObjectStorage) -> None:
    """Take back what commands of this host left that were killed."""
    if isinstance(place, ObjectStorage):
        names = tuple(key for key in place.keys("") if key.startswith(_PREFIX))
    else:
        names = tuple(file.name for file in place.glob(f"{_PREFIX}*"))
    for name in names:
        host, _, rest = name.removeprefix(_PREFIX).rpartition("-")[0].rpartition("-")
        if host == platform.node() and rest.isdecimal() and not psutil.pid_exists(int(rest)):
            Marker(place, name, "").take_back()


@contextmanager
def left_marker(run_dir: Path, *, checkpoints: CheckpointsConfig, readable: tuple[Path, ...] = ()) -> Iterator[Marker]:
    """A marker for the time of the block: with the checkpoints, or where the run directory is or will be.

    Args:
        run_dir: Where the run directory is or will be.
        checkpoints: Where checkpoints are kept.
        readable: Directories that every node must be able to read.

    Raises:
        RunDirectoryError: As `Marker.leave`.
        StorageError: As `Marker.leave`.
    """
    place = nearest_existing(run_dir) if checkpoints.uri is None else ObjectStorage(checkpoints.uri)
    marker = Marker(
        place, f"{_PREFIX}{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}", secrets.token_hex(16), readable
    )
    marker.leave()
    _remove_abandoned(place)
    try:
        yield marker
    finally:
        marker.take_back()
