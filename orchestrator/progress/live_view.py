"""Progress for a terminal: one table that is redrawn in place."""

from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self, final

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from orchestrator.progress.abstract_view import AbstractView
from orchestrator.progress.events import Event, ExperimentStarted, RunFailed, Warned
from orchestrator.progress.glyphs import ASCII, UNICODE
from orchestrator.progress.live_table import render
from orchestrator.progress.plain_lines import event_line
from orchestrator.progress.snapshot import Snapshot

__all__ = ["LiveView"]

_LEAST_S_BETWEEN_DRAWS = 0.25  # Four redraws a second at most: what the terminal and the eye can follow.


@final
class LiveView(AbstractView):
    """Repeats `render`: the experiment, warnings and failures go above the table, which stays when the view is left.

    Nothing is drawn between two calls, so no thread runs and the terminal's size is read at each redraw.
    """

    def __init__(self, console: Console, *, clock: Callable[[], float], now: Callable[[], datetime]) -> None:
        """Draw on `console`.

        Args:
            console: A terminal.
            clock: Seconds on a monotonic clock; decides when a redraw is due.
            now: The clock time that is shown.
        """
        self._console = console
        self._clock = clock
        self._now = now
        self._glyphs = ASCII if console.options.ascii_only or console.legacy_windows else UNICODE
        self._live = Live(
            console=console,
            auto_refresh=False,
            transient=False,
            vertical_overflow="crop",
            # What libraries print does not belong to the table; see ray_session.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._snapshot: Snapshot | None = None
        self._lines: list[Text] = []
        self._drawn_at_s = float("-inf")

    def prepare(self, what: str) -> None:
        """Say it on a line of its own."""
        self._print_dim(f"{what} ...")

    def show(self, event: Event) -> None:
        """Say at once what begins; queue a line for a warning or a failure; everything else is in the table."""
        if isinstance(event, ExperimentStarted):
            # It takes seconds until the first snapshot.
            self._print_dim(event_line(event))
        elif isinstance(event, Warned | RunFailed):
            style = "yellow" if isinstance(event, Warned) else "red"
            self._lines.append(Text(self._glyphs.printable(event_line(event)), style=style))

    def look_back(self, events: Sequence[Event]) -> None:
        """Queue a line for each warning and failure; the table tells the rest."""
        for event in events:
            self.show(event)

    def update(self, snapshot: Snapshot) -> None:
        """Redraw the table, unless it was drawn less than a quarter of a second ago."""
        self._snapshot = snapshot
        if self._clock() - self._drawn_at_s >= _LEAST_S_BETWEEN_DRAWS:
            self._draw(height=self._console.height - 1)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            # What stays on the screen may scroll, so every run has its row.
            self._draw(height=self._num_lines_of_everything())
        finally:
            self._live.stop()

    def _print_dim(self, line: str) -> None:
        self._console.print(Text(self._glyphs.printable(line), style="dim"))

    def _num_lines_of_everything(self) -> int:
        num_runs = len(self._snapshot.runs) if self._snapshot else 0
        return 2 * num_runs + 10  # A row and a reason for each run; title, header, legend, note and bar.

    def _draw(self, *, height: int) -> None:
        if self._snapshot is not None:
            width = self._console.width
            table = render(self._snapshot, width=width, height=height, now=self._now(), glyphs=self._glyphs)
            self._live.update(table, refresh=False)
        lines, self._lines = self._lines, []
        if lines:
            self._console.print(Group(*lines))  # Redraws the table below the lines.
        else:
            self._live.refresh()
        self._drawn_at_s = self._clock()
