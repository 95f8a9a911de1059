"""The command as a user meets it: a process, an empty directory, a home of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

SMALL = (
    "seeds=[101, 202]",
    "model.vocab_size=300",
    "model.width=16",
    "model.num_layers=1",
    "model.num_heads=2",
    "model.mlp_width=32",
    "model.context_length=16",
    "corpus.train_stories=60",
    "corpus.validation_stories=40",
    "corpus.tokenizer_stories=60",
    "optimization.warmup_tokens=64",
    "optimization.decay_tokens=1024",
    "schedule.budget_tokens=1536",
    "schedule.every_tokens=256",
    "schedule.tokens_per_step=64",
    "evaluation.tokens=128",
)


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    exit_code: int
    output: str
    complaint: str


Seedscope = Callable[..., Answer]


@pytest.fixture(scope="session")
def small() -> tuple[str, ...]:
    """Arguments that make of `quickstart` two seeds and seven intervals of a tiny model."""
    return tuple(part for override in SMALL for part in ("--set", override))


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where tokenizers are kept between the tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def bin_dir() -> Path:
    """Where the commands of the environment lie."""
    return Path(sys.executable).parent


@pytest.fixture(scope="session")
def seedscope(cache_dir: Path, bin_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Seedscope:
    """A function that runs a command in a directory to its end."""
    home = tmp_path_factory.mktemp("home")
    (home / ".cache").mkdir()
    (home / ".cache" / "seedscope").symlink_to(cache_dir)

    def run(directory: Path, *arguments: object, prefix: Sequence[str] = (), timeout_s: float = 120) -> Answer:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "OMP_"))}
        answer = subprocess.run(
            [*(prefix or (str(bin_dir / "seedscope"),)), *map(str, arguments)],
            cwd=directory,
            env={**kept, "HOME": str(home), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        return Answer(answer.returncode, answer.stdout, answer.stderr)

    return run


@pytest.fixture
def seedscope_inside(
    cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Seedscope]:
    """The same without a process, for the many commands that end before anything runs."""
    from orchestrator.cli import app
    from orchestrator.command_errors import run_command

    handler = signal.getsignal(signal.SIGTERM)
    home = tmp_path.parent / f"{tmp_path.name}-home"
    (home / ".cache").mkdir(parents=True)
    (home / ".cache" / "seedscope").symlink_to(cache_dir)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("COLUMNS", "200")

    def run(directory: Path, *arguments: object) -> Answer:
        monkeypatch.chdir(directory)
        capfd.readouterr()
        exit_code = run_command(app, arguments=[str(argument) for argument in arguments])
        said = capfd.readouterr()
        return Answer(exit_code, said.out, said.err)

    yield run
    signal.signal(signal.SIGTERM, handler)


@dataclass(frozen=True)
class FinishedRun:
    """A run directory, and what was said while it was made."""

    directory: Path
    answer: Answer

    @property
    def root(self) -> Path:
        """The run directory."""
        return self.directory / "out"


@pytest.fixture(scope="session")
def finished(seedscope: Seedscope, small: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """The small quickstart without Ray, done; read it, do not write into it."""
    directory = tmp_path_factory.mktemp("finished")
    return FinishedRun(directory, seedscope(directory, "run", "quickstart", *small, "--inline", "--out", "out"))


@pytest.fixture
def contents() -> Callable[[Path], dict[str, bytes]]:
    """A function that reads every file under a directory."""
    return lambda root: {
        path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
    }
