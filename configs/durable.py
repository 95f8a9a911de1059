"""Write files and directories so that a reader, or a crash, never meets half of one."""

import os
import shutil
from pathlib import Path

__all__ = ["move_directory_durably", "sync_directory", "sync_tree", "write_bytes_durably"]


def write_bytes_durably(path: Path, data: bytes) -> None:
    """Put `data` at `path`: written beside, synced, moved into place, and the move synced too.

    A file that holds just this already is left as it is.

    Args:
        path: The final name; its directory must exist.
        data: The whole content.

    Raises:
        OSError: If the disk is full or the place cannot be written; `path` is then as it was.
    """
    if _holds(path, data):
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def move_directory_durably(partial: Path, final: Path) -> None:
    """Move a finished directory into place after syncing every file in it.

    Args:
        partial: A directory on the same file system, complete but for its name.
        final: Its name from now on. A directory that stands there already is replaced.
    """
    sync_tree(partial)
    if final.exists():
        shutil.rmtree(final)
    os.replace(partial, final)
    sync_directory(final.parent)


def sync_tree(directory: Path) -> None:
    """Make every file under `directory`, and its names, survive a power cut."""
    for entry in directory.rglob("*"):
        if entry.is_file():
            _sync_file(entry)
        else:
            sync_directory(entry)
    sync_directory(directory)


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
