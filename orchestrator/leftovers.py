"""End the processes of a Ray of our own that outlived it."""

import os
from pathlib import Path

import psutil

__all__ = ["TOKEN_PATH_VARIABLE", "end_processes_of"]

TOKEN_PATH_VARIABLE = "RAY_AUTH_TOKEN_PATH"  # every process of a Ray inherits it from the one that started it
_WAIT_S = 5.0


def end_processes_of(directory: Path) -> None:
    """End, by id, every other process of this user whose Ray token lies in a private directory.

    Ray ends its processes itself, but two helpers of each node linger for a minute, and workers whose raylet was
    killed never notice.

    Args:
        directory: A private directory that no living experiment uses.
    """
    strays = [process for process in psutil.process_iter() if _belongs_to(process, directory)]
    for process in strays:
        _end(process)
    psutil.wait_procs(strays, timeout=_WAIT_S)


def _belongs_to(process: psutil.Process, directory: Path) -> bool:
    try:
        if process.pid == os.getpid() or process.uids().real != os.getuid():
            return False
        return process.environ().get(TOKEN_PATH_VARIABLE, "").startswith(f"{directory}/")
    except (psutil.Error, OSError):
        return False


def _end(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
