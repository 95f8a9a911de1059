"""A temporary directory that only its process uses, removed with it or by the next one that starts."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from orchestrator.leftovers import end_processes_of

__all__ = ["private_dir", "remove_abandoned"]

_PREFIX = "seedscope-"


@contextmanager
def private_dir(base: Path) -> Iterator[Path]:
    """A directory of mode 0700 under `base` for the time of the block.

    Args:
        base: Where it is made. Its path must be short: Ray puts sockets into it, and their paths end at 107 characters.
    """
    remove_abandoned(base)
    directory = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=base))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def remove_abandoned(base: Path) -> None:
    """Remove the directories of processes of this user that ended without doing so, and what they left running."""
    for directory in base.glob(f"{_PREFIX}*-*"):
        owner = directory.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and _is_ours(directory) and not psutil.pid_exists(int(owner)):
            end_processes_of(directory)
            shutil.rmtree(directory, ignore_errors=True)


def _is_ours(directory: Path) -> bool:
    try:
        return directory.is_dir() and not directory.is_symlink() and directory.stat().st_uid == os.getuid()
    except OSError:
        return False
