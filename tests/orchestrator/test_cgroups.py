"""Limits of control groups are read at every level, in both versions, and the tightest one holds."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from orchestrator.cgroups import CgroupLimits, CgroupMembership, parse_membership, read_cgroup_limits
from orchestrator.core_list import format_core_list, parse_core_list

V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

MakeTree = Callable[..., Path]


@pytest.fixture
def make_tree(tmp_path: Path) -> MakeTree:
    """A root directory with /proc/self/cgroup, /proc/self/mountinfo and the files named below /sys/fs/cgroup."""

    def make(*, membership: str, mounts: str, files: dict[str, str]) -> Path:
        texts = {"proc/self/cgroup": membership, "proc/self/mountinfo": mounts}
        texts |= {f"sys/fs/cgroup/{name}": text for name, text in files.items()}
        for name, text in texts.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


def test_no_control_groups_set_no_limits(tmp_path: Path) -> None:
    assert read_cgroup_limits(tmp_path) == CgroupLimits()


def test_version_2_limits_are_read(make_tree: MakeTree) -> None:
    root = make_tree(
        membership="0::/\n",
        mounts=V2_MOUNT,
        files={
            "cpu.max": "250000 100000\n",
            "cpuset.cpus.effective": "0-3,8\n",
            "memory.max": "1000\n",
            "memory.current": "700\n",
            "memory.stat": "anon 500\ninactive_file 150\n",
        },
    )
    assert read_cgroup_limits(root) == CgroupLimits(
        cpu_quota_cores=2.5, cpuset=(0, 1, 2, 3, 8), memory_limit_bytes=1000, memory_headroom_bytes=450
    )


def test_version_2_without_limits_limits_nothing(make_tree: MakeTree) -> None:
    root = make_tree(
        membership="0::/user.slice/session\n",
        mounts=V2_MOUNT,
        files={"user.slice/session/cpu.max": "max 100000\n", "user.slice/session/memory.max": "max\n"},
    )
    assert read_cgroup_limits(root) == CgroupLimits()


def test_the_tightest_limit_of_all_levels_holds(make_tree: MakeTree) -> None:
    root = make_tree(
        membership="0::/pod/container\n",
        mounts=V2_MOUNT,
        files={
            "pod/container/cpu.max": "400000 100000",
            "pod/cpu.max": "150000 100000",
            "pod/container/memory.max": "3000",
            "pod/memory.max": "5000",
            "pod/memory.current": "4800",
            "pod/container/memory.current": "100",
            "pod/container/cpuset.cpus.effective": "1-2",
            "cpuset.cpus.effective": "0-7",
        },
    )
    assert read_cgroup_limits(root) == CgroupLimits(
        cpu_quota_cores=1.5, cpuset=(1, 2), memory_limit_bytes=3000, memory_headroom_bytes=200
    )


def test_groups_of_other_processes_do_not_count(make_tree: MakeTree) -> None:
    root = make_tree(membership="0::/mine\n", mounts=V2_MOUNT, files={"theirs/cpu.max": "100000 100000"})
    assert read_cgroup_limits(root).cpu_quota_cores is None


@pytest.fixture
def version_1_mounts() -> str:
    return (
        "32 31 0:29 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
        "34 31 0:31 /docker/abc /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset\n"
        "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
    )


VERSION_1_MEMBERSHIP = "5:memory:/docker/abc\n4:cpuset:/docker/abc\n3:cpu,cpuacct:/docker/abc/sub\n0::/docker/abc\n"


def test_version_1_limits_are_read_in_a_container(make_tree: MakeTree, version_1_mounts: str) -> None:
    root = make_tree(
        membership=VERSION_1_MEMBERSHIP,
        mounts=version_1_mounts,
        files={
            "cpu,cpuacct/sub/cpu.cfs_quota_us": "-1\n",
            "cpu,cpuacct/sub/cpu.cfs_period_us": "100000\n",
            "cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
            "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "cpuset/cpuset.cpus": "2-3\n",
            "memory/memory.limit_in_bytes": "2000\n",
            "memory/memory.usage_in_bytes": "1500\n",
            "memory/memory.stat": "inactive_file 1\ntotal_inactive_file 100\n",
        },
    )
    assert read_cgroup_limits(root) == CgroupLimits(
        cpu_quota_cores=0.5, cpuset=(2, 3), memory_limit_bytes=2000, memory_headroom_bytes=600
    )


def test_version_1_without_limits_limits_nothing(make_tree: MakeTree, version_1_mounts: str) -> None:
    root = make_tree(
        membership=VERSION_1_MEMBERSHIP,
        mounts=version_1_mounts,
        files={
            "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
            "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "cpuset/cpuset.cpus": "\n",
            "memory/memory.limit_in_bytes": "9223372036854771712\n",  # read from a Linux 6.18 without a limit
            "memory/memory.usage_in_bytes": "1500\n",
        },
    )
    assert read_cgroup_limits(root) == CgroupLimits()


def test_both_versions_side_by_side_are_combined(make_tree: MakeTree) -> None:
    root = make_tree(
        membership="3:cpuset:/\n0::/\n",
        mounts=(
            "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
            "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
        ),
        files={"cpuset/cpuset.cpus": "0-3", "unified/cpuset.cpus.effective": "2-5", "unified/cpu.max": "100000 50000"},
    )
    assert read_cgroup_limits(root) == CgroupLimits(cpu_quota_cores=2.0, cpuset=(2, 3))


def test_a_group_above_the_visible_root_falls_back_to_that_root(make_tree: MakeTree) -> None:
    root = make_tree(membership="0::/../../other\n", mounts=V2_MOUNT, files={"cpu.max": "300000 100000"})
    assert read_cgroup_limits(root).cpu_quota_cores == 3.0


@pytest.mark.parametrize("cpu_max", ["", "max", "what", "1000", "1000 0"])
def test_a_quota_that_cannot_be_read_does_not_limit(make_tree: MakeTree, cpu_max: str) -> None:
    root = make_tree(membership="0::/\n", mounts=V2_MOUNT, files={"cpu.max": cpu_max})
    assert read_cgroup_limits(root).cpu_quota_cores is None


def test_membership_lines_are_parsed() -> None:
    text = "9:name=systemd:/\n3:cpu,cpuacct:/a:b\n0::/user.slice\nnonsense\n"
    assert parse_membership(text) == (
        CgroupMembership(frozenset({"name=systemd"}), PurePosixPath("/")),
        CgroupMembership(frozenset({"cpu", "cpuacct"}), PurePosixPath("/a:b")),
        CgroupMembership(frozenset(), PurePosixPath("/user.slice")),
    )


@pytest.mark.parametrize(
    ("text", "cores"), [("", ()), ("0", (0,)), ("0-3,8", (0, 1, 2, 3, 8)), ("2,4-5,127", (2, 4, 5, 127))]
)
def test_core_lists_are_read_and_written(text: str, cores: tuple[int, ...]) -> None:
    assert parse_core_list(f"{text}\n") == cores
    assert format_core_list(cores) == text


def test_a_text_that_is_no_core_list_is_an_error() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse_core_list("zero")
