"""Let one process at a time write into a run directory."""

import fcntl
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from configs.errors import RunDirectoryError

__all__ = ["hold_lease", "holder_of"]


@contextmanager
def hold_lease(file: Path) -> Iterator[None]:
    """Hold the lease for the time of the block. The kernel gives it back if this process dies.

    Args:
        file: The lease's file; it exists only while somebody holds or held it.

    Raises:
        RunDirectoryError: If another process holds it; names the process, its host and since when.
    """
    descriptor = _open_locked(file)
    try:
        holder = {"pid": os.getpid(), "host": platform.node(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
    finally:
        file.unlink(missing_ok=True)
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Holder:
    """A living process of this host that holds a lease."""

    since: datetime | None
    """When it took it; None while it has not said so."""


def holder_of(file: Path) -> Holder | None:
    """Who holds the lease; None if nobody does."""
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return Holder(_since(os.pread(descriptor, 4096, 0)))
    finally:
        os.close(descriptor)
    return None


def _open_locked(file: Path) -> int:
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _describe_holder(os.pread(descriptor, 4096, 0))
            os.close(descriptor)
            raise RunDirectoryError(
                f"{file.parent} is in use by {holder}; wait for it to end, or choose another --out"
            ) from None
        if _is_same_file(descriptor, file):
            return descriptor
        os.close(descriptor)  # its last holder removed it between our opening and locking


def _is_same_file(descriptor: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except FileNotFoundError:
        return False


def _since(content: bytes) -> datetime | None:
    try:
        return datetime.fromisoformat(json.loads(content)["since"])
    except (ValueError, KeyError, TypeError):
        return None


def _describe_holder(content: bytes) -> str:
    try:
        holder = json.loads(content)
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"
