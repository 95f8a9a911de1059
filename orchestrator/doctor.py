"""Examine this machine: what it offers to an experiment, and what would go wrong."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from orchestrator.cgroups import read_cgroup_limits
from orchestrator.finding import Finding, findings_as_lines
from orchestrator.findings_energy import energy_finding
from orchestrator.findings_extras import extras_finding
from orchestrator.findings_host import (
    disk_finding,
    open_files_finding,
    other_rays_finding,
    shared_memory_finding,
    temporary_directory_finding,
)
from orchestrator.findings_machine import affinity_finding, cores_finding, memory_finding
from orchestrator.findings_software import (
    compiler_finding,
    packages_finding,
    ray_finding,
    required_packages,
    torch_finding,
    variables_finding,
)
from orchestrator.machine import inspect_machine, process_affinity
from workers.kernels.build import compiler_version

__all__ = ["Finding", "examine", "findings_as_lines"]


def examine(
    *,
    directory: Path,
    temporary_directory: Path,
    environment: Mapping[str, str],
    can_start_ray: Callable[[], str | None],
    requirements: Iterable[str] | None = None,
) -> tuple[Finding, ...]:
    """Look at this machine from every side; nothing is changed, nothing is left behind.

    Args:
        directory: Where run directories will be written; need not exist.
        temporary_directory: What Ray will be given as its temporary directory; need not exist.
        environment: The variables of the shell, such as `os.environ`.
        can_start_ray: Starts and stops a private Ray; answers None, or in one sentence why it did not start.
        requirements: Packages as in pyproject.toml; None takes those of the installed seedscope.

    Returns:
        One finding per topic, always the same topics in the same order.
    """
    machine = inspect_machine()
    limits = read_cgroup_limits()
    affinity = process_affinity()
    num_cores = os.cpu_count() or 1
    num_masked = num_cores if affinity is None else len(affinity)
    return (
        cores_finding(machine, limits=limits, num_cores=num_cores, num_masked=num_masked),
        affinity_finding(machine),
        memory_finding(machine, limits=limits),
        shared_memory_finding(),
        disk_finding(directory),
        temporary_directory_finding(temporary_directory),
        open_files_finding(),
        variables_finding(environment),
        torch_finding(),
        packages_finding(required_packages() if requirements is None else requirements),
        extras_finding(),
        compiler_finding(compiler_version()),
        energy_finding(),
        other_rays_finding(),
        ray_finding(can_start_ray),
    )
