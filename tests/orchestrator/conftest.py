"""A tiny experiment, its records, and the processes that run it, for the tests of the orchestrator."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import pytest

from configs.experiment import ExperimentConfig
from configs.load import dump_experiment
from orchestrator.launch import Finish, start_experiment
from orchestrator.ledger import Ledger
from orchestrator.machine import inspect_machine
from orchestrator.progress.abstract_view import AbstractView
from orchestrator.progress.events import Event
from orchestrator.progress.snapshot import Snapshot
from orchestrator.sites import InlineSite
from orchestrator.stop_signal import StopRequest
from workers.corpus import Corpus, prepare_corpus
from workers.records import IntervalRecord, RunId

TINY: dict[str, Any] = {
    "name": "tiny",
    "seeds": [1, 2],
    "model": {
        "vocab_size": 300,
        "width": 16,
        "num_layers": 1,
        "num_heads": 2,
        "mlp_width": 32,
        "context_length": 16,
    },
    "corpus": {"source": "stories", "train_stories": 60, "validation_stories": 40, "tokenizer_stories": 60},
    "optimization": {
        "learning_rate": 1e-3,
        "final_learning_rate": 1e-4,
        "warmup_tokens": 64,
        "decay_tokens": 1024,
    },
    "schedule": {"budget_tokens": 512, "every_tokens": 256, "tokens_per_step": 64},
    "evaluation": {"tokens": 128},
}


@dataclass
class Lines(AbstractView):
    """A view that keeps every event, and calls back after each."""

    events: list[Event] = field(default_factory=list)
    after_event: Callable[[Event], None] = lambda event: None

    def show(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)
        self.after_event(event)

    def look_back(self, events: Sequence[Event]) -> None:
        """Keep them."""
        self.events.extend(events)

    def update(self, snapshot: Snapshot) -> None:
        """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass


@pytest.fixture(scope="session")
def silent_view() -> Callable[[], Lines]:
    """Makes views that keep what they are shown, and show nothing."""
    return Lines


@pytest.fixture(scope="session")
def tiny_config() -> Callable[..., ExperimentConfig]:
    """An experiment of two seeds and three intervals; sections may be changed field by field."""

    def make(**changes: Any) -> ExperimentConfig:
        values = {
            name: values | changes.pop(name, {}) if isinstance(values, dict) else changes.pop(name, values)
            for name, values in TINY.items()
        }
        return ExperimentConfig.model_validate(values | changes)

    return make


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where tokenizers are kept between the tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def tiny_corpus(tiny_config: Callable[..., ExperimentConfig], cache_dir: Path) -> Corpus:
    """The text of the tiny experiment."""
    config = tiny_config()
    return prepare_corpus(config.corpus, vocab_size=config.model.vocab_size, cache_dir=cache_dir)


@pytest.fixture(scope="session")
def make_record() -> Callable[..., IntervalRecord]:
    """A record of one interval; any field may be replaced."""
    template = IntervalRecord(
        condition="base",
        seed=1,
        interval=0,
        step=0,
        tokens=0,
        target_tokens=0,
        passes=0.0,
        learning_rate=1e-3,
        train_loss=5.5,
        val_loss=5.25,
        val_loss_se=0.125,
        val_ppl=190.5,
        grad_norm=1.5,
        num_evaluation_tokens=128,
        attempt=1,
        tokens_per_s=1000.0,
        elapsed_s=1.0,
        peak_memory_bytes=None,
        energy_joules=None,
        energy_source=None,
        threads=1,
        interop_threads=1,
        cores=(0,),
        cpu_model="a CPU",
        host="a host",
        weights_sha256="0" * 64,
        tokens_file_sha256="1" * 64,
    )

    def make(interval: int = 0, **fields: Any) -> IntervalRecord:
        return replace(template, interval=interval, step=4 * interval, tokens=256 * interval, **fields)

    return make


@pytest.fixture
def two_runs() -> tuple[RunId, RunId]:
    """The runs of the ledger under test, not in the order of their seeds."""
    return RunId("base", 2), RunId("base", 1)


@pytest.fixture
def ledger_file(tmp_path: Path, two_runs: tuple[RunId, RunId]) -> Path:
    """A new ledger of two runs, closed."""
    path = tmp_path / "ledger.sqlite"
    Ledger.create(path, runs=two_runs, clock=lambda: 1.0).close()
    return path


@pytest.fixture
def ledger(ledger_file: Path) -> Iterator[Ledger]:
    """The new ledger, open for its writer."""
    ledger = Ledger.open(ledger_file, clock=lambda: 2.0)
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def local_ray() -> Iterator[None]:
    """A Ray of our own for the time of a module's tests."""
    from orchestrator.ray_session import ray_on_this_machine

    before = {name: value for name, value in os.environ.items() if name.startswith("RAY_")}
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with ray_on_this_machine(num_cores=len(inspect_machine().cores)):
        yield
    for name in [name for name in os.environ if name.startswith("RAY_")]:
        del os.environ[name]
    os.environ.update(before)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@dataclass
class Command:
    """A running `seedscope`, and all that it starts."""

    process: subprocess.Popen[str]

    def wait_for(self, text: str, *, timeout_s: float = 60.0) -> None:
        """Read lines until one holds `text`."""
        deadline_s = time.monotonic() + timeout_s
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if text in line:
                return
            assert time.monotonic() < deadline_s, f"no {text!r} within {timeout_s} s"
        raise AssertionError(f"it ended with {self.process.wait()} before it said {text!r}")

    def ray_processes(self) -> list[psutil.Process]:
        """Every process whose command line names this process's private directory."""
        return processes_naming(f"/tmp/seedscope-{self.process.pid}-")

    def private_dirs(self) -> list[Path]:
        """Temporary directories that it made."""
        return list(Path("/tmp").glob(f"seedscope-{self.process.pid}-*"))


def processes_naming(text: str) -> list[psutil.Process]:
    """Living processes whose command line or environment holds `text`."""
    found = []
    for process in psutil.process_iter():
        try:
            told = " ".join(process.cmdline()) + " ".join(process.environ().values())
            if text in told and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="session")
def write_config(tiny_config: Callable[..., ExperimentConfig]) -> Callable[..., Path]:
    """A function that writes the tiny experiment, with changes, as YAML into a directory."""

    def write(directory: Path, **changes: Any) -> Path:
        path = directory / "tiny.yaml"
        path.write_text(dump_experiment(tiny_config(**changes)))
        return path

    return write


@pytest.fixture
def start_command(cache_dir: Path) -> Iterator[Callable[..., Command]]:
    """A function that starts `seedscope` in a directory, with a home of its own; what is left of it is killed."""
    with command_starter(cache_dir) as start:
        yield start


@pytest.fixture(scope="module")
def start_long_command(cache_dir: Path) -> Iterator[Callable[..., Command]]:
    """The same for a command that several tests look at."""
    with command_starter(cache_dir) as start:
        yield start


@contextmanager
def command_starter(cache_dir: Path) -> Iterator[Callable[..., Command]]:
    """Start commands, and leave none."""
    started: list[Command] = []

    def start(directory: Path, *arguments: object, prefix: tuple[str, ...] = (), **variables: str) -> Command:
        home = directory / "home"
        (home / ".cache").mkdir(parents=True, exist_ok=True)
        if not (home / ".cache" / "seedscope").exists():
            (home / ".cache" / "seedscope").symlink_to(cache_dir)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "OMP_"))}
        process = subprocess.Popen(
            [*prefix, str(Path(sys.executable).with_name("seedscope")), *map(str, arguments)],
            cwd=directory,
            env={**kept, "HOME": str(home), "COLUMNS": "200", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(Command(process))
        return started[-1]

    try:
        yield start
    finally:
        for command in started:
            leftovers = command.ray_processes()
            if command.process.poll() is None:
                command.process.kill()
            for process in leftovers:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            command.process.communicate()
            for directory in command.private_dirs():
                shutil.rmtree(directory, ignore_errors=True)


@dataclass(frozen=True)
class LearningTable:
    """The learning columns of a table.csv, as text."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@pytest.fixture(scope="session")
def learning_columns() -> Callable[[Path], LearningTable]:
    """A function that reads what a replay must reproduce bit for bit: the columns up to `drawdown`."""

    def read(table_csv: Path) -> LearningTable:
        with table_csv.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        width = header.index("drawdown") + 1
        return LearningTable(tuple(header[:width]), tuple(tuple(row[:width]) for row in rows))

    return read


@pytest.fixture(scope="session")
def run_inline(cache_dir: Path) -> Callable[..., Finish]:
    """A function that runs an experiment to its end in this process."""

    def run(config: ExperimentConfig, out: Path) -> Finish:
        return start_experiment(
            config, out=out, cache_dir=cache_dir, site=InlineSite(), view=Lines(), stop=StopRequest()
        )

    return run
