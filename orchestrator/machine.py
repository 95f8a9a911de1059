"""Inspect what one node lets this process use: its cores and its memory.

Neither Ray nor torch is imported, so that a remote node answers quickly.
"""

import math
import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

import psutil

from orchestrator.cgroups import CgroupLimits, read_cgroup_limits
from orchestrator.core_list import parse_core_list
from orchestrator.kernel_files import kernel_fields, kernel_text

__all__ = ["Machine", "inspect_machine", "machine_from_tree", "physical_cores_first", "process_affinity"]


@dataclass(frozen=True, slots=True)
class Machine:
    """What this process may use of the node it runs on."""

    host: str
    cores: tuple[int, ...]
    """Sorted ids of the cores that runs may be pinned to; at least one."""
    physical_cores: tuple[int, ...]
    """For each of `cores`, the lowest hardware thread of its physical core: equal entries share a physical core."""
    memory_bytes: int
    """The node's memory, or the limit of the control group where that is less."""
    memory_available_bytes: int
    """What can be taken now without swapping and without reaching that limit."""
    cpu_model: str
    has_affinity: bool
    """Whether a thread can be tied to cores; without it `cores` only counts."""
    num_gpus: int = 0
    """NVIDIA GPUs whose device files the kernel shows."""


def inspect_machine() -> Machine:
    """Inspect the node that this process runs on."""
    return machine_from_tree(
        Path("/"), affinity=process_affinity(), num_cores=os.cpu_count() or 1, host=platform.node() or "localhost"
    )


def process_affinity() -> tuple[int, ...] | None:
    """The sorted cores that the calling thread may run on; None where the platform has no affinity."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    return tuple(sorted(os.sched_getaffinity(0)))


def machine_from_tree(root: Path, *, affinity: tuple[int, ...] | None, num_cores: int, host: str) -> Machine:
    """Describe a node from its kernel's files.

    The cores are those of the affinity mask that lie in the cpuset. A CPU quota limits their number, rounded down and
    at least one: a core on top, had for a part of the time, would only hold up the threads on the others.

    Args:
        root: The root of the file system; another one is a tree made for a test.
        affinity: The mask of the process; None where the platform has none.
        num_cores: Hardware threads of the node, used where there is no mask.
        host: The node's name.
    """
    limits = read_cgroup_limits(root)
    permitted = _permitted(affinity or tuple(range(num_cores)), limits=limits)
    siblings = {core: _physical_core(core, root=root) for core in permitted}
    ordered = physical_cores_first(permitted, physical_cores=tuple(siblings.values()))
    cores = tuple(sorted(ordered[: _most_cores(limits)]))
    total_bytes, available_bytes = _memory_bytes(root)
    return Machine(
        host=host,
        cores=cores,
        physical_cores=tuple(siblings[core] for core in cores),
        memory_bytes=_least(total_bytes, limits.memory_limit_bytes),
        memory_available_bytes=_least(available_bytes, limits.memory_headroom_bytes),
        cpu_model=_cpu_model(root),
        has_affinity=affinity is not None,
        num_gpus=sum(bool(re.fullmatch(r"nvidia\d+", file.name)) for file in (root / "dev").glob("nvidia*")),
    )


def physical_cores_first(cores: tuple[int, ...], *, physical_cores: tuple[int, ...]) -> tuple[int, ...]:
    """Order cores so that every physical core appears once before any of them appears again.

    Within a round, the physical cores with more hardware threads to give come first: neighbours in the order then stay
    on distinct physical cores also where one round ends and the next, shorter one begins.

    Args:
        cores: Core ids.
        physical_cores: For each of them, what identifies its physical core.
    """
    threads: dict[int, list[int]] = {}
    for core, physical_core in sorted(zip(cores, physical_cores, strict=True)):
        threads.setdefault(physical_core, []).append(core)
    keyed = [(rank, -len(group), group[0], core) for group in threads.values() for rank, core in enumerate(group)]
    return tuple(core for *_, core in sorted(keyed))


def _permitted(cores: tuple[int, ...], *, limits: CgroupLimits) -> tuple[int, ...]:
    within = tuple(core for core in cores if limits.cpuset is None or core in limits.cpuset)
    # The mask is what the kernel enforces; a cpuset that shares nothing with it was read from another hierarchy.
    return within or cores


def _most_cores(limits: CgroupLimits) -> int | None:
    return None if limits.cpu_quota_cores is None else max(1, math.floor(limits.cpu_quota_cores))


def _physical_core(core: int, *, root: Path) -> int:
    """The lowest hardware thread that shares the physical core; the core itself where the kernel does not tell."""
    topology = root / f"sys/devices/system/cpu/cpu{core}/topology"
    for name in ("core_cpus_list", "thread_siblings_list"):
        siblings = parse_core_list(kernel_text(topology / name))
        if siblings:
            return siblings[0]
    return core


def _memory_bytes(root: Path) -> tuple[int, int]:
    """The node's total and available memory."""
    values = kernel_fields(root / "proc/meminfo")
    if "MemTotal" in values and "MemAvailable" in values:
        return _kibibytes(values["MemTotal"]), _kibibytes(values["MemAvailable"])
    memory = psutil.virtual_memory()
    return memory.total, memory.available


def _cpu_model(root: Path) -> str:
    values = kernel_fields(root / "proc/cpuinfo")
    if "model name" in values:
        return values["model name"]
    if "CPU part" in values:  # ARM names no model; these two numbers tell its kinds apart.
        return f"{platform.machine()} implementer {values.get('CPU implementer', '?')} part {values['CPU part']}"
    return platform.processor() or platform.machine() or "unknown"


def _kibibytes(text: str) -> int:
    return int(text.split()[0]) * 1024


def _least(value: int, limit: int | None) -> int:
    return value if limit is None else min(value, limit)
