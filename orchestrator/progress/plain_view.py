"""Progress for a pipe, a log or a notebook: one plain line per event."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self, TextIO, final

from orchestrator.progress.abstract_view import AbstractView
from orchestrator.progress.events import Event, ExperimentStarted, IntervalDone, RunFailed, Warned
from orchestrator.progress.plain_lines import event_line, interval_line, run_at_record, standing_line
from orchestrator.progress.snapshot import RunView, Snapshot
from workers.records import RunId

__all__ = ["PlainView"]


@final
class PlainView(AbstractView):
    """Writes every event as one line, at once and in order; no two lines are merged and none is left out."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._num_intervals = 0
        self._runs: dict[RunId, RunView] = {}

    def show(self, event: Event) -> None:
        """Write `event` as one line."""
        if isinstance(event, IntervalDone):
            self._write(interval_line(self._remember(event)))
            return
        if isinstance(event, ExperimentStarted):
            self._num_intervals = event.num_intervals
        self._write(event_line(event))

    def look_back(self, events: Sequence[Event]) -> None:
        """Write one line for each run, as it stands now, and one for each warning and failure."""
        for run in self._runs.values():
            self._write(standing_line(run))
        for event in events:
            if isinstance(event, Warned | RunFailed):
                self._write(event_line(event))

    def update(self, snapshot: Snapshot) -> None:
        """Learn what the events do not tell: the intervals before a resume, and each run's total tokens."""
        self._runs = {run.run: run for run in snapshot.runs}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stream.flush()

    def _remember(self, event: IntervalDone) -> RunView:
        record = event.record
        earlier = self._runs.get(record.run)
        self._runs[record.run] = run_at_record(record, earlier=earlier, num_intervals=self._num_intervals)
        return self._runs[record.run]

    def _write(self, line: str) -> None:
        encoding = self._stream.encoding or "utf-8"  # None for an io.StringIO.
        self._stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        self._stream.flush()
