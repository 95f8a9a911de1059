"""The doctor states facts, and says in one sentence what would go wrong and what to do."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cgroups import CgroupLimits
from orchestrator.doctor import Finding, examine, findings_as_lines
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
from orchestrator.machine import Machine

GB = 10**9

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs files or behaviour of Linux")


@pytest.fixture
def machine() -> Machine:
    return Machine(
        host="node-a",
        cores=(0, 1, 2, 3),
        physical_cores=(0, 1, 0, 1),
        memory_bytes=8 * GB,
        memory_available_bytes=6 * GB,
        cpu_model="Fast CPU",
        has_affinity=True,
    )


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """A directory whose path is shorter than those of pytest; sockets need that."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        yield Path(directory)


def test_examination_covers_every_topic_in_order_and_changes_nothing(tmp_path: Path) -> None:
    findings = examine(
        directory=tmp_path / "runs",
        temporary_directory=tmp_path / "ray",
        environment={},
        can_start_ray=lambda: None,
        requirements=("torch", "psutil"),
    )
    assert [finding.topic for finding in findings] == [
        "cores",
        "pinning",
        "memory",
        "shared memory",
        "disk",
        "temporary files",
        "open files",
        "shell variables",
        "torch",
        "packages",
        "extras",
        "compiler",
        "energy",
        "other Rays",
        "Ray",
    ]
    assert list(tmp_path.iterdir()) == []


def test_doctor_does_not_import_ray() -> None:
    code = "import sys, orchestrator.doctor; print([name for name in ('ray', 'torch') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_cores_name_mask_cpuset_quota_and_hardware_threads(machine: Machine) -> None:
    limits = CgroupLimits(cpuset=(0, 1, 2, 3), cpu_quota_cores=4.0)
    assert cores_finding(machine, limits=limits, num_cores=16, num_masked=4) == Finding(
        "cores",
        "0-3 usable (4 of 16 hardware threads, 2 physical cores); mask 4; cpuset 0-3; quota 4 cores; Fast CPU",
    )


def test_a_quota_below_the_mask_is_a_concern(machine: Machine) -> None:
    limits = CgroupLimits(cpu_quota_cores=2.5)
    concern = cores_finding(machine, limits=limits, num_cores=16, num_masked=16).concern
    assert concern is not None
    assert concern.startswith("The quota of 2.5 cores reserves none of the 16 in the mask")
    assert "--cpuset-cpus" in concern


def test_a_quota_below_one_core_is_a_concern_of_its_own(machine: Machine) -> None:
    limits = CgroupLimits(cpu_quota_cores=0.25)
    concern = cores_finding(machine, limits=limits, num_cores=1, num_masked=1).concern
    assert concern is not None
    assert "stops even a single run for 75% of the time" in concern


def test_missing_affinity_is_a_concern(machine: Machine) -> None:
    assert affinity_finding(machine).concern is None
    concern = affinity_finding(replace(machine, has_affinity=False)).concern
    assert concern is not None
    assert "on Linux every run is pinned" in concern


def test_memory_for_fewer_runs_than_cores_is_a_concern(machine: Machine) -> None:
    assert memory_finding(machine, limits=CgroupLimits()).concern is None
    tight = replace(machine, memory_available_bytes=3 * GB // 2)
    finding = memory_finding(tight, limits=CgroupLimits(memory_limit_bytes=8 * GB))
    assert finding.fact == "1.5 GB available of 8 GB; control group limit 8 GB"
    assert finding.concern is not None
    assert finding.concern.endswith("set placement.max_concurrent_runs to 3.")


def test_disk_is_looked_up_at_the_nearest_directory_that_exists(tmp_path: Path) -> None:
    finding = disk_finding(tmp_path / "not" / "yet")
    assert finding.fact.endswith(f"free at {tmp_path / 'not' / 'yet'}")
    assert not (tmp_path / "not").exists()


@linux_only
def test_a_directory_that_cannot_be_written_is_a_concern() -> None:
    code = (
        "import os; from pathlib import Path; from orchestrator.findings_host import disk_finding\n"
        "if os.getuid() == 0: os.setuid(65534)\n"  # Root may write everywhere.
        "print(disk_finding(Path('/usr/no-such-runs')).concern)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "Nothing can be written into /usr; give a directory of yours with --out."


@linux_only
def test_socket_paths_are_measured_as_the_kernel_does(short_directory: Path) -> None:
    # The longest path below a directory without a concern binds; one byte more is refused by the kernel.
    suffix = "/session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store"
    fitting = short_directory / ("x" * (107 - len(f"{short_directory}/{suffix}")))
    assert temporary_directory_finding(fitting).concern is None
    assert "107 of 107 bytes" in temporary_directory_finding(fitting).fact
    Path(f"{fitting}{suffix}").parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{fitting}{suffix}")
    with socket.socket(socket.AF_UNIX) as listener, pytest.raises(OSError, match="too long"):
        listener.bind(f"{fitting}{suffix}1")


@linux_only
def test_a_temporary_directory_with_too_long_a_path_is_a_concern() -> None:
    concern = temporary_directory_finding(Path("/tmp") / ("x" * 60)).concern
    assert concern is not None
    assert "129 bytes and the system allows 107" in concern
    assert "shorter by 22" in concern


def test_absent_shared_memory_is_a_fact_only(tmp_path: Path) -> None:
    assert shared_memory_finding(tmp_path) == Finding(
        "shared memory", "no /dev/shm on this platform; Ray uses its temporary directory"
    )


@linux_only
def test_few_open_files_are_a_concern() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 1024))\n"
        "from orchestrator.findings_host import open_files_finding\n"
        "finding = open_files_finding(); print(finding.fact); print(finding.concern)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    fact, concern = done.stdout.splitlines()
    assert fact == "256, which Ray may raise to 1024"
    assert concern.startswith("Ray recommends 8192 and may lose connections below")


def test_open_files_of_this_process_are_stated() -> None:
    assert open_files_finding().fact


@linux_only
def test_another_ray_is_found_by_its_process_name(tmp_path: Path) -> None:
    program = tmp_path / "raylet"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as impostor:
        try:
            finding = other_rays_finding()
        finally:
            impostor.kill()
    assert finding.fact.startswith("found on this host: ")
    assert "raylet" in finding.fact
    assert finding.concern is None


def test_torch_states_version_threads_instructions_and_libraries(tmp_path: Path) -> None:
    import torch

    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("flags\t: avx2 avx512_bf16 amx_bf16 amx_tile\n")
    fact = torch_finding(tmp_path).fact
    assert fact.startswith(f"{torch.__version__}; {torch.get_num_threads()} threads by default; vector instructions ")
    assert "bfloat16 and matrix instructions avx512_bf16, amx_bf16, amx_tile; built with " in fact


@linux_only
def test_a_torch_held_back_from_vector_instructions_is_a_concern() -> None:
    code = "from orchestrator.findings_software import torch_finding; print(torch_finding().concern)"
    environment = os.environ | {"ATEN_CPU_CAPABILITY": "default"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    expected = "unset ATEN_CPU_CAPABILITY if it is set." if os.uname().machine == "x86_64" else "None"
    assert done.stdout.strip().endswith(expected)


def test_missing_and_wrong_packages_are_named_with_the_command_to_install_them() -> None:
    finding = packages_finding(
        ("pytest>=1", "pytest<1", "no-such-package-here>=2", "no-such-thing; sys_platform=='os2'")
    )
    assert finding.fact.startswith("1 of 3 as required: pytest ")
    assert finding.concern is not None
    assert "no-such-package-here>=2 (missing)" in finding.concern
    assert finding.concern.endswith("install with `pip install 'pytest<1' 'no-such-package-here>=2'`.")


def test_packages_as_required_are_no_concern() -> None:
    assert packages_finding(("pytest>=1", "psutil")).concern is None


def test_requirements_of_extras_are_left_out() -> None:
    names = required_packages("ray")  # Its many extras, such as `tune`, bring pandas and fsspec.
    assert any(name.startswith("msgpack") for name in names)
    assert not any(name.startswith(("pandas", "fsspec")) for name in names)


def test_a_distribution_that_is_not_installed_requires_nothing_known() -> None:
    assert required_packages("no-such-package-here") == ()
    assert packages_finding(()).concern is not None


def test_a_missing_compiler_is_a_concern() -> None:
    assert compiler_finding("cc (Debian) 14.2") == Finding("compiler", "cc (Debian) 14.2")
    assert compiler_finding(None).concern == "Runs train slower without kernels; install a C compiler, such as gcc."


def test_extras_that_are_complete_and_what_others_lack_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "made_up-1.0.dist-info"
    package.mkdir()
    needs = {
        "whole": "pytest>=1",
        "old": "pytest<1",
        "absent": "no-such-package-here>=2",
        "nested": "made-up[absent]",
        "dev": "no-such-package-either",
    }
    lines = [f"Provides-Extra: {extra}\nRequires-Dist: {line}; extra == '{extra}'" for extra, line in needs.items()]
    (package / "METADATA").write_text("\n".join(["Metadata-Version: 2.1\nName: made-up\nVersion: 1.0", *lines, ""]))
    monkeypatch.syspath_prepend(tmp_path)

    assert extras_finding("made-up").fact == (
        "whole; old lacks pytest<1; absent lacks no-such-package-here>=2; nested lacks made-up[absent]"
    )
    assert extras_finding("no-such-package-here").fact == "none"


def test_variables_that_act_beside_the_config_are_named() -> None:
    finding = variables_finding({"OMP_NUM_THREADS": "8", "GOMP_CPU_AFFINITY": "0-3", "RAY_ADDRESS": "h:1", "HOME": "/"})
    assert finding.fact == "OMP_NUM_THREADS=8, GOMP_CPU_AFFINITY=0-3, RAY_ADDRESS=h:1"
    assert finding.concern == (
        "Beside the config, OMP_NUM_THREADS sets the threads of the statistics (runs obey placement.threads_per_run); "
        "GOMP_CPU_AFFINITY can move threads off their cores, which falsifies measured speeds; RAY_ADDRESS leads Ray's "
        "tools to that cluster (name one with --address instead): unset what is not meant."
    )


def test_other_variables_are_of_no_interest() -> None:
    assert variables_finding({"HOME": "/root"}) == Finding("shell variables", "none that matters")


def test_a_ray_that_does_not_start_brings_its_own_sentence() -> None:
    assert ray_finding(lambda: None) == Finding("Ray", "starts")
    assert ray_finding(lambda: "No port is free.") == Finding("Ray", "does not start", "No port is free.")


def test_findings_read_in_two_columns() -> None:
    findings = (
        Finding("cores", "0-3 usable"),
        Finding("disk", "1 GB free at /runs", "Every checkpoint is kept, and this may not hold them."),
    )
    assert findings_as_lines(findings, width=40) == [
        "cores  0-3 usable",
        "disk   1 GB free at /runs",
        "       ! Every checkpoint is kept, and",
        "         this may not hold them.",
    ]


def test_no_line_of_a_real_examination_is_wider_than_80_columns(tmp_path: Path) -> None:
    findings = examine(
        directory=Path("runs"),
        temporary_directory=Path("/tmp"),
        environment={"OMP_NUM_THREADS": "8", "GOMP_CPU_AFFINITY": "0"},
        can_start_ray=lambda: "Ray did not start within 60 s; see its logs.",
        requirements=("torch<1", "psutil"),
    )
    lines = findings_as_lines(findings, width=80)
    assert max(len(line) for line in lines) <= 80
    assert all(line == line.rstrip() and line.isprintable() for line in lines)


def test_no_findings_make_no_lines() -> None:
    assert findings_as_lines((), width=80) == []
