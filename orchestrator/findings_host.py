"""Find out whether disk, temporary files, open files and other Rays of this host would stand in the way."""

import os
import shutil
import sys
from collections import Counter
from pathlib import Path

import psutil

from orchestrator.finding import Finding
from orchestrator.ray_session import OBJECT_STORE_BYTES
from orchestrator.sizes import format_bytes

__all__ = [
    "disk_finding",
    "open_files_finding",
    "other_rays_finding",
    "shared_memory_finding",
    "temporary_directory_finding",
]

_LEAST_FREE_BYTES = 4_000_000_000
"""Twice what the 6 x 21 checkpoints of published-study take: 126 times 17 MB of float32 weights."""

_FULLEST_SHARE = 0.95
"""Ray 2.60 warns from here on, and spills no objects to such a disk."""

_LONGEST_SOCKET_PATH = 107 if sys.platform != "darwin" else 103
"""Bytes: `sun_path` of unix(7) without its closing zero."""

_LONGEST_RAY_SOCKET = "session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store"
"""The longest of the sockets that Ray 2.60 makes below its temporary directory, with the largest Linux process id."""

_LEAST_OPEN_FILES = 8192
"""What Ray 2.60 recommends in its own warning; it raises the soft limit to the hard one, up to 65536."""

_RAY_PROCESSES = frozenset({"raylet", "gcs_server"})
_RAY_PORTS = {6379: "GCS", 8265: "dashboard", 10001: "client server"}
"""Defaults of `ray start --head`."""


def disk_finding(directory: Path) -> Finding:
    """Whether results fit where they will be written.

    Args:
        directory: Of the run directories; where it does not exist yet, the nearest directory above it is looked at.
    """
    existing = _nearest_existing(directory)
    free_bytes = shutil.disk_usage(existing).free
    concern = None
    if not os.access(existing, os.W_OK):
        concern = f"Nothing can be written into {existing}; give a directory of yours with --out."
    elif free_bytes < _LEAST_FREE_BYTES:
        concern = (
            f"Every checkpoint is kept, and less than {format_bytes(_LEAST_FREE_BYTES)} may not hold them; "
            "`seedscope plan` tells the need, and --out names another disk."
        )
    return Finding("disk", f"{format_bytes(free_bytes)} free at {directory.absolute()}", concern)


def temporary_directory_finding(directory: Path) -> Finding:
    """Whether Ray's logs and sockets fit where it keeps them.

    Args:
        directory: Ray's temporary directory, as it will be given to Ray.
    """
    usage = shutil.disk_usage(_nearest_existing(directory))
    longest = len(os.fsencode(directory / _LONGEST_RAY_SOCKET))
    concern = None
    if longest > _LONGEST_SOCKET_PATH:
        concern = (
            f"Ray's socket paths would take {longest} bytes and the system allows {_LONGEST_SOCKET_PATH}, so "
            f"Ray cannot start; choose a temporary directory shorter by {longest - _LONGEST_SOCKET_PATH} (TMPDIR)."
        )
    elif 1 - usage.free / usage.total > _FULLEST_SHARE:
        concern = "The disk is over 95 % full, where Ray begins to fail; free some, or point TMPDIR to another."
    sockets = f"longest socket path {longest} of {_LONGEST_SOCKET_PATH} bytes"
    fact = f"{format_bytes(usage.free)} free below {_nearest_existing(directory)}; {sockets}"
    return Finding("temporary files", fact, concern)


def shared_memory_finding(root: Path = Path("/")) -> Finding:
    """Whether Ray's object store fits into shared memory."""
    directory = root / "dev/shm"
    if not directory.is_dir():
        return Finding("shared memory", "no /dev/shm on this platform; Ray uses its temporary directory")
    free_bytes = shutil.disk_usage(directory).free
    concern = None
    if free_bytes < OBJECT_STORE_BYTES:
        concern = (
            f"Ray's object store of {format_bytes(OBJECT_STORE_BYTES)} falls back to the slower disk; enlarge "
            "/dev/shm (docker: --shm-size 1g)."  # noqa: S108
        )
    return Finding("shared memory", f"{format_bytes(free_bytes)} free in /dev/shm", concern)


def open_files_finding() -> Finding:
    """Whether Ray may open as many files and sockets as it needs."""
    try:
        import resource
    except ImportError:
        return Finding("open files", "no limit of this kind on this platform")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY in (soft, hard):
        return Finding("open files", "unlimited")
    concern = None
    if hard < _LEAST_OPEN_FILES:
        concern = (
            f"Ray recommends {_LEAST_OPEN_FILES} and may lose connections below; raise the hard limit "
            "(docker: --ulimit nofile=65536)."
        )
    return Finding("open files", f"{soft}, which Ray may raise to {hard}", concern)


def other_rays_finding() -> Finding:
    """Which processes and ports of Ray are there already; they do not disturb, but they share the cores."""
    processes = Counter(
        process.info["name"] for process in psutil.process_iter(["name"]) if process.info["name"] in _RAY_PROCESSES
    )
    found = [f"{number} {name}" for name, number in sorted(processes.items())]
    found += [f"port {port} ({_RAY_PORTS[port]}) in use" for port in sorted(_listening_ports() & _RAY_PORTS.keys())]
    return Finding("other Rays", f"found on this host: {', '.join(found)}" if found else "none on this host")


def _nearest_existing(directory: Path) -> Path:
    absolute = directory.absolute()
    return next(path for path in (absolute, *absolute.parents) if path.is_dir())


def _listening_ports() -> set[int]:
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:  # macOS tells them to root alone.
        return set()
    addresses = (connection.laddr for connection in connections if connection.status == psutil.CONN_LISTEN)
    return {address.port for address in addresses if address}
