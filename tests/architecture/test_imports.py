"""Imports point one way, and a room loads no more than its own means."""

import subprocess
import sys
from pathlib import Path

import pytest

LOAD_ROOM = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        if error.name != "triton":  # comes with torch's builds for GPUs only
            raise
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def _loaded_by(code: str, *arguments: str, root: Path) -> set[str]:
    answer = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=root, capture_output=True, text=True, check=True
    )
    return set(answer.stdout.split())


def test_contracts_of_import_linter_hold(root: Path) -> None:
    answer = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=root, capture_output=True, text=True
    )

    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize(
    ("room", "strangers"),
    [
        ("configs", {"torch", "ray", "numpy", "pandas", "rich", "typer"}),
        ("analysis", {"torch", "ray", "rich", "typer"}),
        ("workers", {"ray", "rich", "typer"}),
    ],
)
def test_room_loads_no_stranger(room: str, strangers: set[str], root: Path) -> None:
    loaded = _loaded_by(LOAD_ROOM, room, root=root)

    assert loaded & strangers == set()


@pytest.mark.parametrize(
    "module",
    ["records", "points", "publication", "failure_cause", "record_files", "checksums"],
)
def test_what_the_ledger_needs_of_the_workers_is_plain(module: str, root: Path) -> None:
    loaded = _loaded_by(f"import sys, workers.{module}; print(*sys.modules)", root=root)

    assert loaded & {"torch", "numpy", "ray", "pydantic"} == set()


@pytest.mark.parametrize(
    "module",
    [
        "orchestrator.machine",
        "orchestrator.ledger",
        "orchestrator.controller",
        "orchestrator.inline_executor",
        "orchestrator.sites",
        "orchestrator.cli",
        "orchestrator.progress.json_view",
    ],
)
def test_module_answers_without_ray_and_torch(module: str, root: Path) -> None:
    loaded = _loaded_by(f"import sys, {module}; print(*sys.modules)", root=root)

    assert loaded & {"torch", "ray", "pandas"} == set()


def test_only_six_files_know_ray(root: Path) -> None:
    knowing = {
        path.relative_to(root).as_posix()
        for room in ("analysis", "configs", "orchestrator", "workers")
        for path in (root / room).rglob("*.py")
        if any(line.strip().startswith(("import ray", "from ray")) for line in path.read_text().splitlines())
    }

    assert knowing <= {
        "orchestrator/findings_software.py",
        "orchestrator/probes/ray_executor.py",
        "orchestrator/ray_executor.py",
        "orchestrator/ray_nodes.py",
        "orchestrator/ray_session.py",
        "orchestrator/remote_host_meter.py",
        "orchestrator/remote_metrics.py",
    }


@pytest.mark.parametrize("module", ["launch", "plan_text", "watch"])
def test_nobody_waits_for_the_statistics_before_the_first_step(module: str, root: Path) -> None:
    loaded = _loaded_by(f"import sys, orchestrator.{module}; print(*sys.modules)", root=root)

    assert loaded & {"pandas", "scipy", "pingouin", "matplotlib", "torch", "ray"} == set()
