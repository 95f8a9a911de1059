"""What every test on several Ray nodes shares: a tiny experiment, the command as a process, a cluster on loopback."""

import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "from orchestrator.cli import main; main()")
# Five intervals of about a quarter of a second each on one core, the initial state included.
TINY = (
    "seeds=[1,2,3]",
    "model.width=32",
    "model.num_heads=2",
    "model.mlp_width=32",
    "model.num_layers=1",
    "corpus.train_stories=60",
    "corpus.validation_stories=20",
    "corpus.tokenizer_stories=60",
    "evaluation.tokens=1024",
    "schedule.every_tokens=40960",
    "schedule.budget_tokens=163840",
)
LAST_LEARNING_COLUMN = "drawdown"


def tiny_arguments(out: Path, *overrides: str) -> tuple[str, ...]:
    """Arguments of `seedscope run` for the tiny experiment."""
    settings = [word for override in (*TINY, *overrides) for word in ("--set", override)]
    return ("run", "quickstart", "--json", "--out", str(out), *settings)


def cluster_environment(home: Path, *, token: str | None = None) -> dict[str, str]:
    """The environment of a Ray node or a driver: our code, no home of anybody, a token if one is given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "PYTEST_"))}
    environment = kept | {
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",
        # Otherwise Ray replaces 127.0.0.1 by an address that other hosts reach.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    }
    if token is not None:
        file = home / "token"
        file.touch(mode=0o600)
        file.write_text(token)
        environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(file)}
    return environment


class Driver:
    """`seedscope` as a process whose JSON lines are read while it runs."""

    def __init__(
        self,
        *arguments: str,
        environment: Mapping[str, str],
        prefix: tuple[str, ...] = (),
        directory: Path | None = None,
    ) -> None:
        self.events: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._errors: list[str] = []
        self._process = subprocess.Popen(
            [*prefix, *COMMAND, *arguments],
            env=dict(environment),
            # Ray has workers import from the driver's directory first, and the nodes' own code is what is tried.
            cwd=directory or environment["HOME"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=self._read_events, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def stderr(self) -> str:
        """All that it said there so far."""
        return "".join(self._errors)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the controller said."""
        return tuple(str(event["message"]) for event in self.events if event["event"] == "warned")

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """Events of one kind."""
        return [event for event in self.events if event["event"] == kind]

    def wait_for(self, is_met: Callable[[Self], bool], *, what: str, timeout_s: float = 60.0) -> None:
        """Wait until what the driver said meets a condition; fail when it ends before that or takes too long."""
        ends_s = time.monotonic() + timeout_s
        with self._changed:
            while not is_met(self):
                left_s = ends_s - time.monotonic()
                if left_s <= 0 or (self._process.poll() is not None and not self._readers[0].is_alive()):
                    pytest.fail(f"never came: {what}; {self.describe()}")
                self._changed.wait(min(left_s, 1.0))

    def end(self, *, timeout_s: float = 90.0) -> int:
        """Wait for its end and give its exit code."""
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            pytest.fail(f"did not end within {timeout_s:g} s; {self.describe()}")
        for reader in self._readers:
            reader.join(10)
        return code

    def describe(self) -> str:
        """For a failed test: the last events and errors."""
        tail = "\n".join(json.dumps(event)[:200] for event in self.events[-12:])
        return f"exit {self._process.poll()}\n{tail}\n{self.stderr[-3000:]}"

    def kill(self) -> None:
        """End it and everything in its session that it left."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)

    def _read_events(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self.events.append(json.loads(line))
                self._changed.notify_all()

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        self._errors.extend(self._process.stderr)


class ClusterProcess:
    """A Ray cluster in a process of its own; node 0 is the head."""

    def __init__(self, environment: Mapping[str, str], *, directory: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("cluster_process.py"))],
            # Otherwise Ray tells every process of this host that looks for a cluster where this one is.
            env=dict(environment) | {"RAY_TMPDIR": str(directory)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(directory / "cluster.txt").open("w"),
            text=True,
            start_new_session=True,
        )
        self.address: str = self._answer()["address"]

    def add_node(self, **variables: str) -> int:
        """Start a further node of one CPU and give its number."""
        words = " ".join(f"{name}={value}" for name, value in variables.items())
        return int(self._ask(f"add {words}")["node"])

    def crash_node(self, number: int) -> None:
        """Kill all processes of a node at once."""
        self._ask(f"crash {number}")

    def close(self) -> None:
        """End every node."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)

    def _ask(self, command: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the cluster's process ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


class CoreHolder:
    """Another user of the cluster, who holds one core."""

    def __init__(self, address: str, *, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("hold_a_core.py")), address],
            env=dict(environment),
            cwd=environment["HOME"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "held\n"

    def release(self) -> None:
        """Give the core back."""
        if self._process.poll() is None:
            self._process.communicate(timeout=40)


def learning_columns(run_dir: Path) -> str:
    """The part of a table that must be the same wherever it was computed, as text."""
    table = pd.read_csv(run_dir / "table.csv", dtype=str, keep_default_na=False)
    last = list(table.columns).index(LAST_LEARNING_COLUMN)
    return table.iloc[:, : last + 1].to_csv(index=False)


def checkpoint_hashes(run_dir: Path) -> dict[str, str]:
    """The SHA-256 of every checkpoint's weights and record, by path."""
    files = sorted((run_dir / "checkpoints").rglob("*.*"))
    return {str(file.relative_to(run_dir)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture(scope="session")
def short_dir() -> Iterator[Path]:
    """A directory whose path is short enough for Ray's sockets; everything of a session lies in it."""
    directory = Path(tempfile.mkdtemp(prefix="sct-", dir="/tmp"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def home(short_dir: Path) -> Path:
    """A home directory that knows no Ray."""
    directory = short_dir / "home"
    directory.mkdir()
    return directory


@pytest.fixture(scope="session")
def environment(home: Path) -> dict[str, str]:
    """The environment of nodes and drivers that know the cluster's token."""
    return cluster_environment(home, token=secrets.token_hex(32))


@pytest.fixture(scope="session")
def expected_table(home: Path, short_dir: Path) -> str:
    """The learning columns of the tiny experiment, run in one process without Ray."""
    out = short_dir / "inline"
    arguments = tiny_arguments(out)
    subprocess.run([*COMMAND, *arguments, "--inline"], env=cluster_environment(home), check=True, capture_output=True)
    return learning_columns(out)


@pytest.fixture(scope="session")
def root() -> Path:
    """Where the code lies."""
    return ROOT


@pytest.fixture(scope="session")
def command() -> tuple[str, ...]:
    """What starts `seedscope` as a process, whatever is installed."""
    return COMMAND


@pytest.fixture(scope="session", name="tiny_arguments")
def tiny_arguments_fixture() -> Callable[..., tuple[str, ...]]:
    """A function from a run directory to the arguments of `seedscope run` for the tiny experiment."""
    return tiny_arguments


@pytest.fixture(scope="session", name="learning_columns")
def learning_columns_fixture() -> Callable[[Path], str]:
    """A function from a run directory to the part of its table that must be the same everywhere."""
    return learning_columns


@pytest.fixture(scope="session", name="checkpoint_hashes")
def checkpoint_hashes_fixture() -> Callable[[Path], dict[str, str]]:
    """A function from a run directory to the hash of each file of its checkpoints."""
    return checkpoint_hashes


@pytest.fixture
def make_driver(environment: dict[str, str]) -> Iterator[Callable[..., Driver]]:
    """A function that starts `seedscope`; whatever still runs at the end of the test is ended."""
    drivers: list[Driver] = []

    def start(*arguments: str, prefix: tuple[str, ...] = (), directory: Path | None = None, **changed: str) -> Driver:
        drivers.append(Driver(*arguments, environment=environment | changed, prefix=prefix, directory=directory))
        return drivers[-1]

    yield start
    for driver in drivers:
        driver.kill()


@pytest.fixture
def hold_a_core(environment: dict[str, str]) -> Iterator[Callable[[str], CoreHolder]]:
    """A function by which somebody else takes one core of the cluster at an address."""
    holders: list[CoreHolder] = []

    def hold(address: str) -> CoreHolder:
        holders.append(CoreHolder(address, environment=environment))
        return holders[-1]

    yield hold
    for holder in holders:
        holder.release()


@pytest.fixture
def make_cluster(environment: dict[str, str], short_dir: Path) -> Iterator[Callable[..., ClusterProcess]]:
    """A function that starts a cluster of a head and some more nodes, of one CPU each, for one test."""
    yield from _cluster_maker(environment, short_dir)


@pytest.fixture(scope="module")
def make_module_cluster(environment: dict[str, str], short_dir: Path) -> Iterator[Callable[..., ClusterProcess]]:
    """The same for all tests of a module."""
    yield from _cluster_maker(environment, short_dir)


def _cluster_maker(environment: dict[str, str], short_dir: Path) -> Iterator[Callable[..., ClusterProcess]]:
    clusters: list[ClusterProcess] = []

    def start(*, num_nodes: int) -> ClusterProcess:
        directory = Path(tempfile.mkdtemp(prefix="r", dir=short_dir))
        clusters.append(ClusterProcess(environment, directory=directory))
        for _ in range(num_nodes - 1):
            clusters[-1].add_node()
        return clusters[-1]

    yield start
    for cluster in clusters:
        cluster.close()
