"""The one place to which every run reports."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import StrEnum
from typing import final

from orchestrator.ledger import Ledger, News
from workers.records import IntervalRecord, Outcome, ProgressSample, RunId

__all__ = ["AbstractMetrics", "Directive", "Metrics"]


class Directive(StrEnum):
    """What a run is told when it reports."""

    GO_ON = "go on"
    STOP = "stop"


class AbstractMetrics(ABC):
    """What runs and the controller may ask of the metrics, near or far."""

    @abstractmethod
    def begin_attempt(self, run: RunId, *, slot: str) -> int:
        """See `Ledger.begin_attempt`."""

    @abstractmethod
    def accept(self, item: IntervalRecord | ProgressSample, *, attempt: int) -> Directive:
        """Take what a run reports; a record is durable when this returns.

        Raises:
            LedgerError: As `Ledger.add_record` and `Ledger.add_progress`.
        """

    @abstractmethod
    def end_attempt(self, outcome: Outcome) -> None:
        """See `Ledger.end_attempt`."""

    @abstractmethod
    def request_stop(self) -> None:
        """Tell every run to stop when it next reports."""

    @abstractmethod
    def news(self, *, after: int) -> News:
        """See `Ledger.news`."""


@final
class Metrics(AbstractMetrics):
    """A ledger, and whether the runs should stop.

    Args:
        open_ledger: Opens the ledger in the process in which these metrics live.
    """

    def __init__(self, open_ledger: Callable[[], Ledger]) -> None:
        self._ledger = open_ledger()
        self._directive = Directive.GO_ON

    def begin_attempt(self, run: RunId, *, slot: str) -> int:
        """See the base class."""
        return self._ledger.begin_attempt(run, slot=slot)

    def accept(self, item: IntervalRecord | ProgressSample, *, attempt: int) -> Directive:
        """See the base class."""
        if isinstance(item, IntervalRecord):
            self._ledger.add_record(item, attempt=attempt)
        else:
            self._ledger.add_progress(item)
        return self._directive

    def end_attempt(self, outcome: Outcome) -> None:
        """See the base class."""
        self._ledger.end_attempt(outcome)

    def request_stop(self) -> None:
        """See the base class."""
        self._directive = Directive.STOP

    def news(self, *, after: int) -> News:
        """See the base class."""
        return self._ledger.news(after=after)

    def close(self) -> None:
        """Release the ledger's file."""
        self._ledger.close()
