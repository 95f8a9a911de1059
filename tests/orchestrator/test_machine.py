"""A machine is described by what this process may use of it."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.machine import Machine, inspect_machine, machine_from_tree, physical_cores_first

GIB = 2**30

MakeTree = Callable[..., Path]


@pytest.fixture
def make_tree(tmp_path: Path) -> MakeTree:
    """A root directory of a node; `siblings` maps a core to the list of hardware threads on its physical core."""

    def make(
        *, siblings: dict[int, str] | None = None, cgroup: dict[str, str] | None = None, cpuinfo: str = ""
    ) -> Path:
        texts = {
            "proc/self/cgroup": "0::/\n",
            "proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            "proc/meminfo": f"MemTotal: {8 * 2**20} kB\nMemFree: 1 kB\nMemAvailable: {6 * 2**20} kB\n",
            "proc/cpuinfo": cpuinfo,
        }
        texts |= {f"sys/fs/cgroup/{name}": text for name, text in (cgroup or {}).items()}
        topology = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
        texts |= {topology.format(core): text for core, text in (siblings or {}).items()}
        for name, text in texts.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


def described(root: Path, *, affinity: tuple[int, ...] | None = (0, 1, 2, 3), num_cores: int = 4) -> Machine:
    return machine_from_tree(root, affinity=affinity, num_cores=num_cores, host="node-a")


def test_without_limits_the_mask_counts(make_tree: MakeTree) -> None:
    machine = described(make_tree(cpuinfo="processor\t: 0\nmodel name\t: Fast CPU\nmodel name\t: Other\n"))
    assert machine == Machine(
        host="node-a",
        cores=(0, 1, 2, 3),
        physical_cores=(0, 1, 2, 3),
        memory_bytes=8 * GIB,
        memory_available_bytes=6 * GIB,
        cpu_model="Fast CPU",
        has_affinity=True,
    )


def test_cores_lie_in_both_mask_and_cpuset(make_tree: MakeTree) -> None:
    root = make_tree(cgroup={"cpuset.cpus.effective": "2-7"})
    assert described(root).cores == (2, 3)


def test_a_cpuset_that_contradicts_the_mask_is_not_believed(make_tree: MakeTree) -> None:
    root = make_tree(cgroup={"cpuset.cpus.effective": "8-9"})
    assert described(root).cores == (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("quota", "num_cores"), [("20000", 1), ("100000", 1), ("299999", 2), ("300000", 3), ("max", 4)]
)
def test_a_quota_limits_the_number_of_cores(make_tree: MakeTree, quota: str, num_cores: int) -> None:
    root = make_tree(cgroup={"cpu.max": f"{quota} 100000"})
    assert len(described(root).cores) == num_cores


def test_a_quota_leaves_distinct_physical_cores(make_tree: MakeTree) -> None:
    root = make_tree(siblings={0: "0-1", 1: "0-1", 2: "2-3", 3: "2-3"}, cgroup={"cpu.max": "200000 100000"})
    machine = described(root)
    assert (machine.cores, machine.physical_cores) == ((0, 2), (0, 2))


def test_hardware_threads_name_their_physical_core(make_tree: MakeTree) -> None:
    root = make_tree(siblings={0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"})
    assert described(root).physical_cores == (0, 1, 0, 1)


def test_memory_is_the_least_of_node_and_control_group(make_tree: MakeTree) -> None:
    root = make_tree(cgroup={"memory.max": str(4 * GIB), "memory.current": str(3 * GIB)})
    machine = described(root)
    assert (machine.memory_bytes, machine.memory_available_bytes) == (4 * GIB, 1 * GIB)


def test_a_limit_above_the_memory_changes_nothing(make_tree: MakeTree) -> None:
    root = make_tree(cgroup={"memory.max": str(64 * GIB), "memory.current": "0"})
    machine = described(root)
    assert (machine.memory_bytes, machine.memory_available_bytes) == (8 * GIB, 6 * GIB)


def test_arm_kinds_are_told_apart(make_tree: MakeTree) -> None:
    machine = described(make_tree(cpuinfo="CPU implementer\t: 0x41\nCPU part\t: 0xd40\n"))
    assert machine.cpu_model.endswith("implementer 0x41 part 0xd40")


def test_a_platform_without_affinity_and_kernel_files_is_still_described(tmp_path: Path) -> None:
    machine = described(tmp_path, affinity=None, num_cores=3)
    assert (machine.cores, machine.physical_cores, machine.has_affinity) == ((0, 1, 2), (0, 1, 2), False)
    assert machine.memory_bytes >= machine.memory_available_bytes > 0
    assert machine.cpu_model


@pytest.mark.parametrize(
    ("physical_cores", "order"),
    [
        ((0, 0, 1, 1), (0, 2, 1, 3)),
        ((0, 1, 0, 1), (0, 1, 2, 3)),
        ((0, 1, 2, 2), (2, 0, 1, 3)),
        ((0, 1, 2, 3), (0, 1, 2, 3)),
    ],
)
def test_physical_cores_come_before_second_threads(physical_cores: tuple[int, ...], order: tuple[int, ...]) -> None:
    assert physical_cores_first((0, 1, 2, 3), physical_cores=physical_cores) == order


def test_this_machine_is_described_within_its_mask_and_memory() -> None:
    machine = inspect_machine()
    assert len(machine.cores) == len(machine.physical_cores) >= 1
    assert set(machine.cores) <= set(range(os.cpu_count() or 1))
    assert 0 < machine.memory_available_bytes <= machine.memory_bytes
    assert pickle.loads(pickle.dumps(machine)) == machine


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the platform has no thread affinity")
def test_a_mask_given_from_outside_is_obeyed_without_importing_ray_or_torch() -> None:
    core = max(os.sched_getaffinity(0))
    code = (
        f"import os, sys; os.sched_setaffinity(0, ({core},))\n"
        "from orchestrator.machine import inspect_machine\n"
        "print(inspect_machine().cores, [name for name in ('ray', 'torch', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == f"({core},) []"
