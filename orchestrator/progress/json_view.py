"""Progress for programs: one strict JSON object per event and line."""

import json
from collections.abc import Sequence
from types import TracebackType
from typing import Self, TextIO, final

from orchestrator.progress.abstract_view import AbstractView
from orchestrator.progress.events import Event, event_to_dict
from orchestrator.progress.snapshot import Snapshot

__all__ = ["JsonView"]


@final
class JsonView(AbstractView):
    """Writes each event as one line of ASCII, flushed, whatever the encoding of the stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, event: Event) -> None:
        """Write `event` as one line."""
        self._stream.write(json.dumps(event_to_dict(event), allow_nan=False) + "\n")
        self._stream.flush()

    def look_back(self, events: Sequence[Event]) -> None:
        """Write each, as if it happened now."""
        for event in events:
            self.show(event)

    def update(self, snapshot: Snapshot) -> None:
        """Nothing: every fact that lasts comes as an event."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stream.flush()
