"""Keep an experiment going when nobody reads its progress any more."""

from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Self, final

from orchestrator.progress.abstract_view import AbstractView
from orchestrator.progress.events import Event
from orchestrator.progress.snapshot import Snapshot

__all__ = ["SteadyView"]


@final
class SteadyView(AbstractView):
    """Passes everything on to another view until its output is closed, as by `| head`; then it is silent."""

    def __init__(self, view: AbstractView) -> None:
        self._view = view
        self._is_open = True

    def prepare(self, what: str) -> None:
        """See the base class."""
        self._while_open(partial(self._view.prepare, what))

    def show(self, event: Event) -> None:
        """See the base class."""
        self._while_open(partial(self._view.show, event))

    def look_back(self, events: Sequence[Event]) -> None:
        """See the base class."""
        self._while_open(partial(self._view.look_back, events))

    def update(self, snapshot: Snapshot) -> None:
        """See the base class."""
        self._while_open(partial(self._view.update, snapshot))

    def __enter__(self) -> Self:
        self._view.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._is_open:
            self._view.__exit__(kind, error, traceback)

    def _while_open(self, act: Callable[[], None]) -> None:
        if self._is_open:
            try:
                act()
            except BrokenPipeError:
                self._is_open = False
