"""What every view of an experiment's progress can do."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from orchestrator.progress.events import Event
from orchestrator.progress.snapshot import Snapshot

__all__ = ["AbstractView"]


class AbstractView(ABC):
    """Shows an experiment from entry to exit; it never decides and never fails an experiment on purpose."""

    def prepare(self, what: str) -> None:  # noqa: B027, most views have nobody who waits
        """Tell that something which takes seconds begins while no run is going."""

    @abstractmethod
    def show(self, event: Event) -> None:
        """Tell that `event` happened; called once for each."""

    @abstractmethod
    def look_back(self, events: Sequence[Event]) -> None:
        """Tell of what happened before this view looked on; called once, after the first snapshot."""

    @abstractmethod
    def update(self, snapshot: Snapshot) -> None:
        """Take the newest `snapshot`; called about four times a second."""

    @abstractmethod
    def __enter__(self) -> Self:
        """Take the output."""

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the output as it was found, below what was shown."""
