"""A local experiment keeps to itself while it runs, and leaves nothing when it is told to end."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from configs.experiment import ExperimentConfig
from orchestrator.launch import Finish
from orchestrator.ledger import reading_ledger

pytestmark = pytest.mark.slow

# Long enough to be looked at, and to be stopped long before its end.
ENDLESS = {"budget_tokens": 64_000_000, "every_tokens": 64_000, "tokens_per_step": 64}
LONG = {"budget_tokens": 48_000, "every_tokens": 3_200, "tokens_per_step": 64}
# Ray's dashboard and runtime-environment agents were seen 64 s after their raylet.
AUXILIARY_LINGER_S = 75.0
ENDS_WITHIN_S = 60.0


@dataclass(frozen=True)
class Running:
    """A local experiment on its way."""

    command: Any
    directory: Path

    @property
    def processes(self) -> list[psutil.Process]:
        """The command and all that it started."""
        return [psutil.Process(self.command.process.pid), *self.command.ray_processes()]

    @property
    def private_dir(self) -> Path:
        """Where its Ray lives."""
        return self.command.private_dirs()[0]


@pytest.fixture(scope="module")
def running(
    start_long_command: Callable[..., Any],
    write_config: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Running]:
    """An experiment whose runs train."""
    directory = tmp_path_factory.mktemp("running")
    config = write_config(directory, schedule=ENDLESS)
    for package in ("configs", "numpy", "workers"):
        (directory / package).mkdir()
        (directory / package / "__init__.py").write_text(f"open({str(directory / 'was-run')!r}, 'w')\n")
    command = start_long_command(directory, "run", config, "--out", "out")
    command.wait_for("interval    1/")
    yield Running(command, directory)
    command.process.send_signal(signal.SIGINT)
    command.process.wait(ENDS_WITHIN_S)


def test_nothing_listens_beyond_loopback(running: Running) -> None:
    addresses = {
        connection.laddr.ip
        for process in running.processes
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }

    assert addresses <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_ray_is_entered_with_a_token_that_only_its_user_may_read(running: Running) -> None:
    token = running.private_dir / "token"

    assert token.stat().st_mode & 0o777 == 0o600
    assert running.private_dir.stat().st_mode & 0o777 == 0o700
    assert re.fullmatch(r"[0-9a-f]{64}", token.read_text())


def test_code_in_the_current_directory_is_not_run(running: Running) -> None:
    assert not (running.directory / "was-run").exists()


def test_token_of_the_user_is_neither_made_nor_needed(running: Running) -> None:
    assert not (running.directory / "home" / ".ray").exists()


def test_every_thread_of_a_worker_is_on_one_core_and_no_two_workers_share_it(running: Running) -> None:
    workers = [process for process in running.processes if process.name().startswith("ray::SeedWorker")]
    cores = [{core for thread in process.threads() for core in os.sched_getaffinity(thread.id)} for process in workers]

    assert len(cores) == min(2, len(os.sched_getaffinity(0)))
    assert all(len(of_worker) == 1 for of_worker in cores)
    assert len(set.union(*cores)) == len(cores)


def test_another_process_may_not_run_into_the_same_directory(
    running: Running, start_command: Callable[..., Any]
) -> None:
    other = start_command(running.directory, "resume", "out", "--inline")

    _, complaint = other.process.communicate(timeout=120)

    assert other.process.returncode == 2
    assert f"in use by process {running.command.process.pid} on " in complaint


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_signal_ends_the_experiment_resumably_and_leaves_nothing(
    number: signal.Signals,
    start_command: Callable[..., Any],
    write_config: Callable[..., Path],
    run_inline: Callable[..., Finish],
    tiny_config: Callable[..., ExperimentConfig],
    learning_columns: Callable[[Path], Any],
    tmp_path: Path,
) -> None:
    command = start_command(tmp_path, "run", write_config(tmp_path, schedule=LONG), "--out", "out")
    command.wait_for("interval  1/")

    command.process.send_signal(number)
    told_s = time.monotonic()
    _, complaint = command.process.communicate(timeout=120)
    took_s = time.monotonic() - told_s

    assert command.process.returncode == 130
    assert took_s < ENDS_WITHIN_S
    assert "Traceback" not in complaint
    resume = re.fullmatch(r"Go on with: seedscope (resume .*)\n", complaint)
    assert resume is not None, complaint
    assert command.private_dirs() == []
    assert _ends_within(command.ray_processes, AUXILIARY_LINGER_S)
    assert command.private_dirs() == []

    again = start_command(tmp_path, *shlex.split(resume[1]), "--inline")
    again.process.communicate(timeout=240)
    undisturbed = run_inline(tiny_config(schedule=LONG), tmp_path / "undisturbed")
    assert again.process.returncode == 0
    assert learning_columns(tmp_path / "out" / "table.csv") == learning_columns(undisturbed.directory.paths.table_csv)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_signal_while_ray_starts_ends_with_130_and_leaves_nothing(
    number: signal.Signals, start_command: Callable[..., Any], write_config: Callable[..., Path], tmp_path: Path
) -> None:
    # Too long to end before a signal that is late, as on a busy machine.
    command = start_command(tmp_path, "run", write_config(tmp_path, schedule=ENDLESS), "--out", "out")
    assert _ends_within(lambda: not command.ray_processes(), 60.0), "Ray never began to start"

    command.process.send_signal(number)
    _, complaint = command.process.communicate(timeout=120)

    assert (command.process.returncode, "Traceback" in complaint) == (130, False)
    assert _ends_within(command.ray_processes, AUXILIARY_LINGER_S)
    assert command.private_dirs() == []


def test_one_core_runs_one_seed_after_another(
    start_command: Callable[..., Any], write_config: Callable[..., Path], tmp_path: Path
) -> None:
    core = min(os.sched_getaffinity(0))
    config = write_config(tmp_path, seeds=[1, 2, 3, 4])
    command = start_command(tmp_path, "run", config, "--out", "out", "--json", prefix=("taskset", "-c", str(core)))

    output, complaint = command.process.communicate(timeout=200)

    assert command.process.returncode == 0, (output, complaint)
    events = [json.loads(line) for line in output.splitlines()]
    turns = [(event["event"], event["seed"]) for event in events if event["event"] in ("run_started", "run_completed")]
    assert turns == [(kind, seed) for seed in (1, 2, 3, 4) for kind in ("run_started", "run_completed")]
    with reading_ledger(tmp_path / "out" / "ledger.sqlite") as ledger:
        assert {record.cores for record in ledger.records()} == {(core,)}


def test_directory_of_a_killed_experiment_is_removed_by_the_next(
    start_command: Callable[..., Any], write_config: Callable[..., Path], tmp_path: Path
) -> None:
    killed = start_command(tmp_path, "run", write_config(tmp_path, schedule=ENDLESS), "--out", "killed")
    killed.wait_for("started on")
    killed.process.kill()
    killed.process.wait()
    existed = bool(killed.private_dirs())

    subprocess.run(
        [
            sys.executable,
            "-c",
            "from orchestrator.private_dir import remove_abandoned as r; from pathlib import Path; r(Path('/tmp'))",
        ],
        check=True,
    )

    assert (existed, killed.private_dirs()) == (True, [])


def _ends_within(living: Callable[[], object], seconds: float) -> bool:
    deadline_s = time.monotonic() + seconds
    while living():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.2)
    return True
