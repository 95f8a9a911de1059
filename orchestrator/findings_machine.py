"""Find out what the cores and the memory of this machine mean for an experiment."""

from orchestrator.cgroups import CgroupLimits
from orchestrator.core_list import format_core_list
from orchestrator.finding import Finding
from orchestrator.machine import Machine
from orchestrator.sizes import format_bytes

__all__ = ["affinity_finding", "cores_finding", "memory_finding"]

_RUN_BYTES = 500_000_000
"""Memory to expect of a small run: torch 2.13 held 230 MiB after its first matrix product, measured; as much again."""


def cores_finding(machine: Machine, *, limits: CgroupLimits, num_cores: int, num_masked: int) -> Finding:
    """Which cores runs may use, and what restricts them.

    Args:
        machine: What this process may use.
        limits: What the control groups leave.
        num_cores: Hardware threads of the node.
        num_masked: Cores in the affinity mask of this process; `num_cores` where there is no mask.
    """
    quota = limits.cpu_quota_cores
    parts = [
        f"{format_core_list(machine.cores)} usable ({len(machine.cores)} of {num_cores} hardware threads, "
        f"{len(set(machine.physical_cores))} physical cores)",
        f"mask {num_masked}",
        f"cpuset {'none' if limits.cpuset is None else format_core_list(limits.cpuset)}",
        f"quota {'none' if quota is None else f'{quota:g} cores'}",
    ]
    return Finding("cores", f"{'; '.join(parts)}; {machine.cpu_model}", _quota_concern(quota, num_masked=num_masked))


def affinity_finding(machine: Machine) -> Finding:
    """Whether runs can be tied to cores."""
    if machine.has_affinity:
        return Finding("pinning", "threads can be tied to cores")
    return Finding(
        "pinning",
        "this platform has no thread affinity",
        "Runs move between cores and disturb each other's speed, so tokens per second of seeds cannot be compared; the "
        "losses are unaffected, and on Linux every run is pinned.",
    )


def memory_finding(machine: Machine, *, limits: CgroupLimits) -> Finding:
    """How much memory there is, and whether it suffices for one small run on every core."""
    limit = limits.memory_limit_bytes
    fact = (
        f"{format_bytes(machine.memory_available_bytes)} available of {format_bytes(machine.memory_bytes)}; "
        f"control group limit {'none' if limit is None else format_bytes(limit)}"
    )
    return Finding("memory", fact, _memory_concern(machine))


def _quota_concern(quota: float | None, *, num_masked: int) -> str | None:
    if quota is None or quota >= num_masked:
        return None
    if quota < 1:
        return (
            f"The quota of {quota:g} cores stops even a single run for {1 - quota:.0%} of the time; raise it to a "
            "whole number of cores (docker: --cpus 1)."
        )
    return (
        f"The quota of {quota:g} cores reserves none of the {num_masked} in the mask, so pinned runs may meet another "
        "container on their cores; reserve cores with a cpuset (docker: --cpuset-cpus)."
    )


def _memory_concern(machine: Machine) -> str | None:
    num_runs = machine.memory_available_bytes // _RUN_BYTES
    if num_runs >= len(machine.cores):
        return None
    return (
        f"One run on each of {len(machine.cores)} cores, at {format_bytes(_RUN_BYTES)} or more, exceeds it, and Ray "
        f"kills workers at 95 % of memory; free some, or set placement.max_concurrent_runs to {max(1, num_runs)}."
    )
