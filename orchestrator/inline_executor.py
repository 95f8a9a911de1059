"""Run seeds one after another in this very process, without Ray."""

import time
from collections.abc import Callable, Iterator
from typing import final

from orchestrator.executor import AbstractExecutor, NodeChange
from orchestrator.metrics import Metrics
from orchestrator.seed_worker import RunTask, advance, open_seed_run
from orchestrator.slots import Slot
from workers.failure_cause import failure_from
from workers.records import FailureCause, Outcome, RunId, SeedFailure
from workers.usage.host_meter import AbstractHostMeter, Sharing
from workers.usage.open_meter import open_host_meter

__all__ = ["InlineExecutor"]


@final
class InlineExecutor(AbstractExecutor):
    """One slot; each call of `wait` trains for a while and comes back.

    Args:
        metrics: To which the runs report.
        slot: The cores that this process holds.
        clock: Monotonic seconds.
        sleep: Waits for some seconds while no run is going on.
    """

    def __init__(
        self,
        metrics: Metrics,
        *,
        slot: Slot,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._metrics = metrics
        self._slot = slot
        self._clock = clock
        self._sleep = sleep
        self._host_meter: AbstractHostMeter | None = None
        self._current: tuple[RunTask, Iterator[Outcome | None]] | None = None

    @property
    def metrics(self) -> Metrics:
        """See the base class."""
        return self._metrics

    @property
    def slots(self) -> tuple[Slot, ...]:
        """See the base class."""
        return (self._slot,)

    def start(self, task: RunTask) -> None:
        """See the base class."""
        assert self._current is None, "the only slot is taken"
        self._current = (task, self._progress_of(task))

    def wait(self, timeout_s: float) -> tuple[Outcome, ...]:
        """See the base class. May take longer than `timeout_s` by the time between two reports."""
        if self._current is None:
            self._sleep(timeout_s)
            return ()
        task, progress = self._current
        ends_s = self._clock() + timeout_s
        while True:
            try:
                outcome = next(progress)
            except Exception as error:  # noqa: BLE001, the worker's edge, as in SeedWorker.run
                outcome = failure_from(error, run=task.run, attempt=task.attempt)
            if outcome is not None:
                self._current = None
                return (outcome,)
            if self._clock() >= ends_s:
                return ()

    def give_up(self, run: RunId, *, message: str) -> SeedFailure:
        """See the base class."""
        assert self._current is not None, "no run is going on"
        task, _ = self._current
        self._current = None
        return failure_from(TimeoutError(message), run=run, attempt=task.attempt, cause=FailureCause.LOST_WORKER)

    def refresh(self) -> NodeChange:
        """See the base class. This process is the only node."""
        return NodeChange()

    def close(self) -> None:
        """See the base class."""
        self._current = None
        if self._host_meter is not None:
            self._host_meter.close()
        self._metrics.close()

    def _progress_of(self, task: RunTask) -> Iterator[Outcome | None]:
        if self._host_meter is None:
            placement = task.config.placement
            self._host_meter = open_host_meter(task.config.energy, device=placement.device, sharing=Sharing.SEQUENTIAL)
        seed_run = open_seed_run(task, host_meter=self._host_meter)
        for item in seed_run:
            yield advance(seed_run, item=item, attempt=task.attempt, metrics=self._metrics)
