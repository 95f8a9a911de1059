"""The one place to which every run reports."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from functools import partial
from pathlib import PurePath
from typing import final

from configs.errors import StorageError
from orchestrator.ledger import Ledger
from orchestrator.ledger_schema import News
from orchestrator.run_state import RunState
from workers.checkpoint_store import AbstractCheckpointStore
from workers.points import Point, Reach, pass_by
from workers.publication import CheckpointPart
from workers.records import Damage, IntervalRecord, Outcome, Report, RunId

__all__ = ["AbstractMetrics", "Directive", "Metrics"]


class Directive(StrEnum):
    """What a run is told when it reports."""

    GO_ON = "go on"
    STOP = "stop"


class AbstractMetrics(ABC):
    """What runs and the controller may ask of the metrics, near or far. Every call may be repeated."""

    @abstractmethod
    def begin_attempt(self, run: RunId, *, slot: str) -> int:
        """See `Ledger.begin_attempt`; what older attempts staged is removed."""

    @abstractmethod
    def accept(self, report: Report, *, attempt: int) -> Directive:
        """Take what a run reports. A record and its checkpoint are durable and in place when this returns.

        Raises:
            LedgerError: As `Ledger.add_record` and `Ledger.add_progress`.
            OSError: If the disk is full; neither the record nor its checkpoint is half there.
        """

    @abstractmethod
    def end_attempt(self, outcome: Outcome, *, state: RunState) -> None:
        """See `Ledger.end_attempt`."""

    @abstractmethod
    def add_notice(self, message: str) -> None:
        """See `Ledger.add_notice`."""

    @abstractmethod
    def request_stop(self) -> None:
        """Tell every run to stop when it next reports."""

    @abstractmethod
    def news(self, *, after: int) -> News:
        """See `Ledger.news`."""


@final
class Metrics(AbstractMetrics):
    """A ledger, the checkpoints that belong to it, and whether the runs should stop.

    Args:
        open_ledger: Opens the ledger in the process in which these metrics live.
        store: Where the checkpoints are kept.
        reach: Told where keeping a record is.
    """

    def __init__(
        self, open_ledger: Callable[[], Ledger], *, store: AbstractCheckpointStore, reach: Reach = pass_by
    ) -> None:
        self._ledger = open_ledger()
        self._store = store
        self._directive = Directive.GO_ON
        self._reach = reach

    def begin_attempt(self, run: RunId, *, slot: str) -> int:
        """See the base class."""
        attempt = self._ledger.begin_attempt(run, slot=slot)
        with suppress(StorageError):  # what stays is named by nothing, and a later attempt removes it
            self._store.drop_staged(run, before_attempt=attempt)
        return attempt

    def accept(self, report: Report, *, attempt: int) -> Directive:
        """See the base class."""
        if isinstance(report, IntervalRecord):
            self._ledger.add_record(report, attempt=attempt, publish=partial(self._publish, report, attempt))
            self._reach(Point.COMMITTED)
        elif isinstance(report, Damage):
            self._ledger.while_newest(report.run, attempt=attempt, act=partial(self._set_aside, report))
        else:
            self._ledger.add_progress(report)
        return self._directive

    def end_attempt(self, outcome: Outcome, *, state: RunState) -> None:
        """See the base class."""
        self._ledger.end_attempt(outcome, state=state)

    def add_notice(self, message: str) -> None:
        """See the base class."""
        self._ledger.add_notice(message)

    def request_stop(self) -> None:
        """See the base class."""
        self._directive = Directive.STOP

    def news(self, *, after: int) -> News:
        """See the base class."""
        return self._ledger.news(after=after)

    def close(self) -> None:
        """Release the ledger's file."""
        self._ledger.close()

    def _publish(self, record: IntervalRecord, attempt: int) -> None:
        self._reach(Point.RECORD_CHECKED)
        self._store.publish(record.run, record.interval, attempt=attempt, reach=self._reach)
        self._reach(Point.COMMITTING)

    def _set_aside(self, damage: Damage) -> str:
        kept = self._store.set_aside(damage.run, damage.interval, CheckpointPart(damage.part))
        where = f"; it is kept as {PurePath(kept).name}" if kept else ""
        return f"{damage.run}: the {damage.part} of interval {damage.interval} is damaged ({damage.message}){where}."
