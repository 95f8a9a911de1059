"""Read how much of the machine the control groups of Linux leave to this process.

Both versions are read, also side by side. A limit may stand at any level between the process's own group and the root
that it can see; the tightest one holds. What cannot be read does not limit.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

from orchestrator.core_list import parse_core_list
from orchestrator.kernel_files import kernel_text

__all__ = ["CgroupLimits", "CgroupMembership", "parse_membership", "read_cgroup_limits"]

_Number = TypeVar("_Number", int, float)

_UNLIMITED_BYTES = 2**62
"""Version 1 has no word for "no limit": it shows 2**63 - 1 rounded down to a page."""


@dataclass(frozen=True, slots=True)
class CgroupLimits:
    """What the control groups allow; None where they set no limit."""

    cpu_quota_cores: float | None = None
    """CPU seconds per second, over all cores."""
    cpuset: tuple[int, ...] | None = None
    """Sorted core ids."""
    memory_limit_bytes: int | None = None
    memory_headroom_bytes: int | None = None
    """What can still be taken, counting reclaimable file cache as free, at the level that has least of it left."""


@dataclass(frozen=True, slots=True)
class CgroupMembership:
    """One line of /proc/PID/cgroup: the group that a process is in, in one hierarchy."""

    controllers: frozenset[str]
    """Empty for the one hierarchy of version 2."""
    path: PurePosixPath


@dataclass(frozen=True, slots=True)
class _Mount:
    controllers: frozenset[str]
    """Empty for version 2."""
    group: PurePosixPath
    """The group that appears as the mount's root; not `/` in a container without a namespace of its own."""
    directory: Path


def read_cgroup_limits(root: Path = Path("/")) -> CgroupLimits:
    """The limits on this process; none at all where there are no control groups.

    Args:
        root: The root of the file system; another one is a tree made for a test.
    """
    memberships = parse_membership(kernel_text(root / "proc/self/cgroup"))
    levels = [
        level
        for mount in _mounts(kernel_text(root / "proc/self/mountinfo"), root=root)
        for membership in memberships
        if membership.controllers == mount.controllers or membership.controllers & mount.controllers
        for level in _levels(mount, path=membership.path)
    ]
    return CgroupLimits(
        cpu_quota_cores=_least(map(_quota_cores, levels)),
        cpuset=_intersection(map(_cpuset, levels)),
        memory_limit_bytes=_least(map(_memory_limit_bytes, levels)),
        memory_headroom_bytes=_least(map(_memory_headroom_bytes, levels)),
    )


def parse_membership(text: str) -> tuple[CgroupMembership, ...]:
    """Read the text of /proc/PID/cgroup: lines of `id:controller,controller:path`."""
    memberships = []
    for line in text.splitlines():
        _, _, rest = line.partition(":")
        controllers, separator, path = rest.partition(":")
        if separator:
            memberships.append(CgroupMembership(_words(controllers), PurePosixPath(path)))
    return tuple(memberships)


def _mounts(text: str, *, root: Path) -> Iterator[_Mount]:
    """The control group hierarchies in the text of /proc/PID/mountinfo (proc_pid_mountinfo(5))."""
    for line in text.splitlines():
        place, _, source = line.partition(" - ")
        places, sources = place.split(), source.split()
        if len(places) < 5 or len(sources) < 3 or sources[0] not in ("cgroup", "cgroup2"):
            continue
        controllers = _words(sources[2]) if sources[0] == "cgroup" else frozenset[str]()
        yield _Mount(controllers, PurePosixPath(places[3]), root / places[4].lstrip("/"))


def _levels(mount: _Mount, *, path: PurePosixPath) -> Iterator[Path]:
    """The directories of the process's group and of all groups above it, as far as they are visible."""
    is_below = path.is_relative_to(mount.group) and ".." not in path.parts
    relative = path.relative_to(mount.group) if is_below else PurePosixPath()
    for part in (relative, *relative.parents):
        yield mount.directory / part


def _quota_cores(level: Path) -> float | None:
    quota, _, period = kernel_text(level / "cpu.max").strip().partition(" ")
    if not quota:
        quota, period = (kernel_text(level / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period"))
    # Version 2 writes `max`, version 1 writes -1 where there is no quota; neither is a count of microseconds.
    if not (quota.isdigit() and period.isdigit()) or int(period) == 0:
        return None
    return int(quota) / int(period)


def _cpuset(level: Path) -> tuple[int, ...] | None:
    names = ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus")
    found = (kernel_text(level / name).strip() for name in names)
    text = next(filter(None, found), "")
    return parse_core_list(text) or None


def _memory_limit_bytes(level: Path) -> int | None:
    limit = _count(level / "memory.max", level / "memory.limit_in_bytes")
    return limit if limit is not None and limit < _UNLIMITED_BYTES else None


def _memory_headroom_bytes(level: Path) -> int | None:
    limit = _memory_limit_bytes(level)
    used = _count(level / "memory.current", level / "memory.usage_in_bytes")
    if limit is None or used is None:
        return limit
    return min(limit, max(0, limit - used + _reclaimable_bytes(level)))


def _reclaimable_bytes(level: Path) -> int:
    """File cache that the kernel drops first when the group nears its limit."""
    statistics = dict(
        line.split() for line in kernel_text(level / "memory.stat").splitlines() if len(line.split()) == 2
    )
    return int(statistics.get("total_inactive_file") or statistics.get("inactive_file") or 0)


def _count(*paths: Path) -> int | None:
    texts = (kernel_text(path).strip() for path in paths)
    return next((int(text) for text in texts if text.isdigit()), None)


def _words(text: str) -> frozenset[str]:
    return frozenset(filter(None, text.split(",")))


def _least(values: Iterable[_Number | None]) -> _Number | None:
    return min((value for value in values if value is not None), default=None)


def _intersection(sets: Iterable[tuple[int, ...] | None]) -> tuple[int, ...] | None:
    present = [frozenset(cores) for cores in sets if cores is not None]
    return tuple(sorted(frozenset.intersection(*present))) if present else None
