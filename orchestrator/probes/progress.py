"""Show how far a probe is: a bar on a terminal, lines in a pipe, JSON for programs."""

import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Self, TextIO, final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from configs.counted import counted
from orchestrator.probes.task import TaskOutcome

__all__ = [
    "AbstractProbeView",
    "BarView",
    "JsonLinesView",
    "LinesView",
    "ProbeBegun",
    "ProbeEnded",
    "choose_probe_view",
]


@dataclass(frozen=True, slots=True)
class ProbeBegun:
    """What a probe is about to do."""

    study: str
    source: str
    num_tasks: int
    num_done_before: int
    num_contexts: int
    tokens_sha256: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProbeEnded:
    """How a probe ended."""

    exit_code: int
    sentences: tuple[str, ...]
    files: tuple[str, ...]


class AbstractProbeView(ABC):
    """A view of one probe; a context manager that leaves the terminal as it was."""

    @abstractmethod
    def begin(self, begun: ProbeBegun) -> None:
        """Show what is about to be done."""

    @abstractmethod
    def end_task(self, outcome: TaskOutcome) -> None:
        """Show how a task ended."""

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def end_probe(self, ended: ProbeEnded) -> None:
        """Show how the whole probe ended, where the command does not say it anyway."""

    @abstractmethod
    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""


@final
class LinesView(AbstractProbeView):
    """One plain line for each task."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._num_ended = 0
        self._num_tasks = 0

    def begin(self, begun: ProbeBegun) -> None:
        """See the base class."""
        self._num_tasks = begun.num_tasks - begun.num_done_before
        for line in _opening_lines(begun):
            self._write(line)

    def end_task(self, outcome: TaskOutcome) -> None:
        """See the base class."""
        self._num_ended += 1
        ending = f"failed: {outcome.failure}" if outcome.failure else f"{outcome.elapsed_s:.1f} s"
        self._write(f"{self._num_ended:>{len(str(self._num_tasks))}}/{self._num_tasks}  {outcome.task.name}  {ending}")

    def end_probe(self, ended: ProbeEnded) -> None:
        """See the base class. The command prints its sentences."""

    def __exit__(self, *_: object) -> None:
        self._stream.flush()

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


@final
class BarView(AbstractProbeView):
    """A bar that fills."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.description}"),
            console=console,
        )
        self._bar = self._progress.add_task("", total=None, visible=False)

    def begin(self, begun: ProbeBegun) -> None:
        """See the base class."""
        for line in _opening_lines(begun):
            self._console.print(line, markup=False, highlight=False)
        if begun.num_tasks > begun.num_done_before:
            self._progress.update(
                self._bar,
                total=begun.num_tasks,
                completed=begun.num_done_before,
                visible=True,
                description="the first checkpoints",
            )

    def end_task(self, outcome: TaskOutcome) -> None:
        """See the base class."""
        if outcome.failure:
            self._console.print(f"{outcome.task.name} failed: {outcome.failure}", markup=False, highlight=False)
        self._progress.update(self._bar, advance=1, description=outcome.task.name)

    def end_probe(self, ended: ProbeEnded) -> None:
        """See the base class. The command prints its sentences."""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


@final
class JsonLinesView(AbstractProbeView):
    """One strict JSON object for each event."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def begin(self, begun: ProbeBegun) -> None:
        """See the base class."""
        self._write({"event": "probe_begun", **asdict(begun)})

    def end_task(self, outcome: TaskOutcome) -> None:
        """See the base class."""
        self._write(
            {
                "event": "probe_task_ended",
                "task": outcome.task.name,
                "elapsed_s": outcome.elapsed_s,
                "failure": outcome.failure or None,
            }
        )

    def end_probe(self, ended: ProbeEnded) -> None:
        """See the base class."""
        self._write({"event": "probe_ended", **asdict(ended)})

    def __exit__(self, *_: object) -> None:
        self._stream.flush()

    def _write(self, values: dict[str, object]) -> None:
        self._stream.write(json.dumps(values, allow_nan=False) + "\n")
        self._stream.flush()


def choose_probe_view(*, wants_json: bool, is_terminal: bool, stream: TextIO) -> AbstractProbeView:
    """JSON when asked for; else a bar on a terminal and plain lines anywhere else."""
    if wants_json:
        return JsonLinesView(stream)
    console = Console(file=stream)
    return BarView(console) if is_terminal and not console.is_dumb_terminal else LinesView(stream)


def _opening_lines(begun: ProbeBegun) -> tuple[str, ...]:
    return (
        f"probe {begun.study} of {begun.source}: {_how(begun)}; "
        f"{counted(begun.num_contexts, 'next token')} (hash {begun.tokens_sha256[:12]})",
        *(f"note: {note}" for note in begun.notes),
    )


def _how(begun: ProbeBegun) -> str:
    if not begun.num_tasks:
        return "from what training stored, without a forward pass"
    measurements = counted(begun.num_tasks, "measurement")
    if begun.num_done_before == begun.num_tasks:
        return f"{measurements}{',' if begun.num_tasks == 1 else ', all'} made before"
    return f"{measurements}, {begun.num_done_before:,} of them made before" if begun.num_done_before else measurements
