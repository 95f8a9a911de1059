"""A worker stays on its cores, with every thread, and says so truthfully."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from workers.pinning import thread_environment

needs_affinity = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the platform has no thread affinity")

PRELUDE = """
import json, os, threading
from pathlib import Path
from workers.pinning import pin_process, read_pinning, set_torch_threads

def allowed_lists():
    lists = []
    for task in Path("/proc/self/task").iterdir():
        try:
            lines = (task / "status").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        lists += [line.split(":")[1].strip() for line in lines if line.startswith("Cpus_allowed_list")]
    return sorted(lists)

def multiply():
    import torch
    a = torch.ones(600, 600)
    return float((a @ a).sum())
"""


def run_python(code: str, *, environment: dict[str, str] | None = None) -> Any:
    """Run code in a process of its own and read the JSON of its last line: of any shape, hence `Any`."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + code],
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def last_core() -> int:
    return max(os.sched_getaffinity(0))


@needs_affinity
def test_every_thread_that_runs_already_is_pinned(last_core: int) -> None:
    lists = run_python(f"""
gate = threading.Event()
threads = [threading.Thread(target=gate.wait, daemon=True) for _ in range(6)]
for thread in threads: thread.start()
pin_process(({last_core},))
print(json.dumps(allowed_lists()))
gate.set()
""")
    assert lists == [str(last_core)] * 7


@needs_affinity
def test_threads_that_come_and_go_meanwhile_are_pinned_or_skipped(last_core: int) -> None:
    lists = run_python(f"""
is_over = threading.Event()
def breed():
    while not is_over.is_set():
        child = threading.Thread(target=lambda: None)
        child.start()
        child.join()
breeders = [threading.Thread(target=breed, daemon=True) for _ in range(3)]
for breeder in breeders: breeder.start()
pin_process(({last_core},))
lists = allowed_lists()
is_over.set()
print(json.dumps(lists))
""")
    assert len(lists) >= 4
    assert set(lists) == {str(last_core)}


@needs_affinity
def test_threads_of_torch_inherit_the_mask(last_core: int) -> None:
    lists, pinning = run_python(f"""
pin_process(({last_core},))
set_torch_threads(2)
multiply()
pinning = read_pinning(({last_core},))
print(json.dumps([allowed_lists(), [pinning.cores, pinning.num_threads, pinning.num_interop_threads, pinning.note]]))
""")
    assert len(lists) >= 2
    assert set(lists) == {str(last_core)}
    assert pinning == [[last_core], 2, 1, None]


@needs_affinity
def test_a_second_pinning_widens_every_thread_again() -> None:
    cores = sorted(os.sched_getaffinity(0))
    lists = run_python(f"""
gate = threading.Event()
threading.Thread(target=gate.wait, daemon=True).start()
pin_process(({cores[0]},))
pin_process({tuple(cores)})
print(json.dumps([sorted(os.sched_getaffinity(int(task))) for task in os.listdir("/proc/self/task")]))
gate.set()
""")
    assert lists == [cores, cores]


@needs_affinity
def test_a_core_that_does_not_exist_is_refused_and_the_mask_stays() -> None:
    message, cores = run_python("""
from configs.errors import ResourceError
try:
    pin_process((0, 100_000))
except ResourceError as error:
    message = str(error)
print(json.dumps([message, sorted(os.sched_getaffinity(0))]))
""")
    assert message.startswith("cores [0, 100000] were asked for, but this process was started on")
    assert cores == sorted(os.sched_getaffinity(0))


@needs_affinity
@pytest.mark.skipif(len(getattr(os, "sched_getaffinity", lambda _: ())(0)) < 2, reason="one core cannot be left")
def test_a_thread_outside_its_cores_is_counted_and_named(last_core: int) -> None:
    pinning = run_python(f"""
gate = threading.Event()
threading.Thread(target=gate.wait, daemon=True).start()
os.sched_setaffinity(0, ({last_core},))
set_torch_threads(1)
pinning = read_pinning()
print(json.dumps([pinning.num_unpinned_threads, pinning.note]))
gate.set()
""")
    num_unpinned, note = pinning
    assert num_unpinned >= 1
    assert note.startswith(f"{num_unpinned} of ")
    assert note.endswith("threads may leave the cores asked for.")


@needs_affinity
def test_worker_environment_outvotes_an_affinity_of_the_shell(last_core: int) -> None:
    # Without OMP_PROC_BIND=false libgomp 1.0 of torch 2.13 moved the main thread from core 1 to core 0.
    environment = {"GOMP_CPU_AFFINITY": "0"} | thread_environment(2)
    cores = run_python(
        f"""
pin_process(({last_core},))
set_torch_threads(2)
multiply()
print(json.dumps(read_pinning(({last_core},)).cores))
""",
        environment=environment,
    )
    assert cores == [last_core]


def test_interop_threads_fixed_too_early_are_reported() -> None:
    num_interop, note = run_python("""
import torch
torch.set_num_interop_threads(3)
set_torch_threads(1)
pinning = read_pinning()
print(json.dumps([pinning.num_interop_threads, pinning.note]))
""")
    assert num_interop == 3
    assert "Torch keeps 3 inter-op threads rather than 1." in note


def test_torch_threads_may_be_set_twice() -> None:
    counts = run_python("""
set_torch_threads(2)
multiply()
set_torch_threads(1)
pinning = read_pinning()
print(json.dumps([pinning.num_threads, pinning.num_interop_threads]))
""")
    assert counts == [1, 1]


def test_without_affinity_the_process_runs_on_and_says_so() -> None:
    pinning = run_python("""
for name in ("sched_setaffinity", "sched_getaffinity"):
    if hasattr(os, name): delattr(os, name)
pin_process((0,))
set_torch_threads(1)
pinning = read_pinning((0,))
print(json.dumps([pinning.cores, pinning.num_threads, pinning.num_unpinned_threads, pinning.note]))
""")
    assert pinning == [[], 1, 1, "This platform has no thread affinity; the kernel chooses the cores."]


def test_pinning_can_happen_before_torch_is_imported() -> None:
    is_imported = run_python("""
import sys
pin_process(tuple(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (0,))
print(json.dumps([name in sys.modules for name in ("torch", "ray")]))
""")
    assert is_imported == [False, False]


def test_thread_environment_names_every_pool() -> None:
    assert thread_environment(3) == {
        "OMP_NUM_THREADS": "3",
        "MKL_NUM_THREADS": "3",
        "OPENBLAS_NUM_THREADS": "3",
        "OMP_PROC_BIND": "false",
    }
