"""A small experiment, ways to disturb it, and what must be the same afterwards."""

import csv
import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest

from configs.run_paths import RunPaths
from orchestrator.ledger import reading_ledger
from workers.points import Point

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
TIMEOUT_S = 120.0

# Two seeds, five intervals of four steps: ten rows.
SMALL = (
    "name=small",
    "seeds=[1, 2]",
    "model.vocab_size=300",
    "model.width=32",
    "model.num_layers=1",
    "model.num_heads=2",
    "model.mlp_width=32",
    "model.context_length=32",
    "corpus.train_stories=60",
    "corpus.validation_stories=20",
    "corpus.tokenizer_stories=60",
    "schedule.budget_tokens=1024",
    "schedule.every_tokens=256",
    "schedule.tokens_per_step=64",
    "optimization.warmup_tokens=128",
    "optimization.decay_tokens=1024",
    "evaluation.tokens=256",
    "recovery.backoff_s=0.05",
)
NUM_ROWS = 10
LAST_LEARNING_COLUMN = "drawdown"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--num-kills", type=int, default=None, help="Random kills per campaign of tests/faults.")
    parser.addoption("--kill-seed", type=int, default=0, help="Which of many campaigns; each draws other moments.")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    exit_code: int
    """Negative: the number of the signal that ended it."""
    output: str
    """What it wrote to stdout and stderr."""


class Running:
    """A command that is going on in a session of its own."""

    def __init__(self, pid: int, *, output: Path, wait: Callable[[float], int]) -> None:
        self.pid = pid
        self._output = output
        self._wait = wait
        self._exit_code: int | None = None

    def said(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait_for(self, words: str, *, after: int = 0) -> None:
        """Wait until `words` are said, behind the first `after` characters."""
        self.wait_until(lambda: words in self.said()[after:], what=f"{words!r}")

    def wait_until(self, is_so: Callable[[], bool], *, what: str) -> None:
        ends_s = time.monotonic() + TIMEOUT_S
        while not is_so():
            assert time.monotonic() < ends_s, f"no {what} within {TIMEOUT_S:g} s:\n{self.said()}"
            time.sleep(0.02)

    def wait(self, timeout_s: float = TIMEOUT_S) -> Ended:
        if self._exit_code is None:
            self._exit_code = self._wait(timeout_s)
        return Ended(self._exit_code, self.said())

    def end(self) -> None:
        """Kill it if a test that failed has left it behind."""
        if self._exit_code is None:
            with suppress(ProcessLookupError):
                self.signal(signal.SIGKILL)
            self.wait()


class ForkServer:
    """Starts commands that need no Ray, one at a time."""

    def __init__(self, environment: dict[str, str], *, log: Path) -> None:
        self._log = log.open("w")
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "fork_server.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            bufsize=0,
            env=environment,
        )

    def begin(self, arguments: list[str], *, output: Path) -> Running:
        request = json.dumps({"arguments": arguments, "output": str(output)})
        self._process.stdin.write(f"{request}\n".encode())
        return Running(self._answer(TIMEOUT_S), output=output, wait=self._answer)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(TIMEOUT_S)
        self._log.close()

    def _answer(self, timeout_s: float) -> int:
        ready, _, _ = select.select([self._process.stdout], [], [], timeout_s)
        assert ready, f"the command has not ended within {timeout_s:g} s"
        return int(self._process.stdout.readline())


def _loopback_path(directory: Path) -> Path:
    """A place of imports from which fsspec learns the protocol of `loopback_store.py` in every process."""
    place = directory / "loopback"
    shutil.copytree(HERE / "loopback", place)
    metadata = place / "loopback_store-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: loopback-store\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[fsspec.specs]\nloopback = loopback_store:LoopbackStore\n")
    return place


class Commands:
    """Starts commands: forked from a process that has imported everything, or in an interpreter of their own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(map(str, (REPOSITORY, _loopback_path(directory))))
        }
        self._server = ForkServer(self._environment, log=directory / "fork-server.log")
        self._num_begun = 0
        self._begun: list[Running] = []
        self.cache = directory / "cache"

    def begin(self, arguments: list[str], *, forked: bool) -> Running:
        self._num_begun += 1
        output = self._directory / f"output-{self._num_begun}.txt"
        output.touch()
        begin = self._fork if forked else self._spawn
        self._begun.append(begin(arguments, output=output))
        return self._begun[-1]

    def end_all(self) -> None:
        while self._begun:
            self._begun.pop().end()

    def close(self) -> None:
        self._server.close()

    def _fork(self, arguments: list[str], *, output: Path) -> Running:
        return self._server.begin(arguments, output=output)

    def _spawn(self, arguments: list[str], *, output: Path) -> Running:
        with output.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, str(HERE / "command.py"), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )
        return Running(process.pid, output=output, wait=process.wait)


class Experiment:
    """One run directory, and what is done to it."""

    def __init__(self, root: Path, *, commands: Commands, overrides: tuple[str, ...]) -> None:
        self.root = root
        self.paths = RunPaths(root)
        self.overrides = (*SMALL, *overrides)
        self._commands = commands

    def begin(self, *faults: dict[str, Any], ray: bool = False, overrides: tuple[str, ...] = ()) -> Running:
        chosen = [word for override in (*self.overrides, *overrides) for word in ("--set", override)]
        return self._begin("start", "--cache", str(self._commands.cache), *chosen, faults=faults, ray=ray)

    def begin_again(self, *faults: dict[str, Any], ray: bool = False) -> Running:
        return self._begin("resume", faults=faults, ray=ray)

    def start(self, *faults: dict[str, Any], ray: bool = False) -> Ended:
        return self.begin(*faults, ray=ray).wait()

    def resume(self, *faults: dict[str, Any], ray: bool = False) -> Ended:
        """Without the report, which takes longer than the experiment."""
        return self.begin_again(*faults, ray=ray).wait()

    def resume_as_a_user(self) -> Ended:
        """By the command itself."""
        return self.seedscope("resume", str(self.root), "--inline")

    def finish(self, *, ray: bool = False) -> Ended:
        """Resume, or start if there is nothing yet to resume."""
        return self.resume(ray=ray) if self.root.exists() else self.start(ray=ray)

    def repair(self) -> Ended:
        return self.seedscope("repair", str(self.root))

    def seedscope(self, *arguments: str, forked: bool = True) -> Ended:
        return self._commands.begin(["seedscope", *arguments], forked=forked).wait()

    def learning_rows(self) -> list[list[str]]:
        """The table's learning columns as they are written, header included."""
        with self.paths.table_csv.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        width = rows[0].index(LAST_LEARNING_COLUMN) + 1
        return [row[:width] for row in rows]

    def attempts_by_run(self) -> dict[tuple[str, int], int]:
        """How many attempts each run has had, by condition and seed."""
        with reading_ledger(self.paths.ledger_file) as ledger:
            return {(row.run.condition, row.run.seed): row.attempt for row in ledger.runs()}

    def notices(self) -> str:
        with reading_ledger(self.paths.ledger_file) as ledger:
            return "\n".join(ledger.notices())

    def hashes(self) -> dict[str, str]:
        """Each published file of each checkpoint with its sha256, and the ledger's records."""
        files = sorted(file for file in self.paths.checkpoints_dir.rglob("*") if file.is_file())
        with reading_ledger(self.paths.ledger_file) as ledger:
            records = repr(ledger.records())
        return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files} | {"records": records}

    def leftovers(self) -> list[str]:
        """Files that were begun and never finished, in the run directory and beside it."""
        beside = [path for path in self.root.parent.iterdir() if path.name.startswith(".")]
        return sorted(str(path) for path in (*beside, *self.root.rglob(".*")))

    def _begin(self, verb: str, *more: str, faults: tuple[dict[str, Any], ...], ray: bool) -> Running:
        site = "ray" if ray else "inline"
        arguments = [verb, str(self.root), "--site", site, "--faults", json.dumps(faults), *more]
        return self._commands.begin(arguments, forked=not ray)


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """What starts every command of this folder."""
    begun = Commands(tmp_path_factory.mktemp("commands"))
    yield begun
    begun.close()


@pytest.fixture(scope="session")
def experiment_at(commands: Commands) -> Callable[..., Experiment]:
    """A function from a place and overrides to an experiment that was not started yet."""

    def make(place: Path, *overrides: str) -> Experiment:
        return Experiment(place / "run", commands=commands, overrides=overrides)

    return make


@pytest.fixture(autouse=True)
def _nothing_goes_on(commands: Commands) -> Iterator[None]:
    yield
    commands.end_all()


@pytest.fixture
def experiment(tmp_path: Path, experiment_at: Callable[..., Experiment]) -> Callable[..., Experiment]:
    """A function from overrides to an experiment in a place of its own."""
    return partial(experiment_at, tmp_path)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, commands: Commands) -> Callable[..., list[list[str]]]:
    """A function from overrides to the learning columns of a run that nothing disturbed."""
    known: dict[tuple[str, ...], list[list[str]]] = {}

    def rows(*overrides: str) -> list[list[str]]:
        if overrides not in known:
            calm = Experiment(tmp_path_factory.mktemp("calm") / "run", commands=commands, overrides=overrides)
            ended = calm.start()
            assert ended.exit_code == 0, ended.output
            known[overrides] = calm.learning_rows()
        return known[overrides]

    return rows


@pytest.fixture(scope="session")
def fault_at() -> Callable[..., dict[str, Any]]:
    """A function that describes a fault; without `returns` it strikes once, and a file at `place` says that it did."""
    numbers = count()

    def describe(
        place: Path,
        action: str,
        point: Point,
        occurrence: int = 1,
        *,
        returns: bool = False,
        since: Point | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        flag = "" if returns else str(place / f"struck-{next(numbers)}")
        return {"action": action, "point": point, "occurrence": occurrence, "since": since, "flag": flag} | more

    return describe


@pytest.fixture
def fault(tmp_path: Path, fault_at: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """A function that describes a fault of this test's experiment."""
    return partial(fault_at, tmp_path)


@pytest.fixture(scope="session")
def num_kills(request: pytest.FixtureRequest) -> int | None:
    """What `--num-kills` says; None where it is not given."""
    return request.config.getoption("--num-kills", default=None)


@pytest.fixture(scope="session")
def kill_seed(request: pytest.FixtureRequest) -> int:
    """What `--kill-seed` says."""
    return request.config.getoption("--kill-seed", default=0)


@pytest.fixture(scope="session")
def processes_of() -> Callable[[int], dict[int, str]]:
    """A function from a command's process id to the living processes of its session, with their names."""

    def find(pid: int) -> dict[int, str]:
        found = {}
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == pid and process.status() != psutil.STATUS_ZOMBIE:
                    found[process.pid] = " ".join(process.cmdline())[:200] or process.name()
            except (ProcessLookupError, psutil.Error):
                continue
        return found

    return find
