"""Run seeds one after another in this very process, without Ray."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import final

from orchestrator.executor import AbstractExecutor, NodeChange
from orchestrator.metrics import Metrics
from orchestrator.seed_worker import RunTask, advance, attempts_of, open_runs
from orchestrator.slots import Slot
from orchestrator.waiting_tasks import WaitingTasks
from workers.failure_cause import failure_from
from workers.records import FailureCause, Outcome, RunId, SeedFailure
from workers.usage.host_meter import AbstractHostMeter, Sharing
from workers.usage.open_meter import open_host_meter

__all__ = ["InlineExecutor"]


@final
class InlineExecutor(AbstractExecutor):
    """One slot, with as many places as a stack has; each call of `wait` trains for a while and comes back.

    Args:
        metrics: To which the runs report.
        slots: The places of the slot that this process holds.
        clock: Monotonic seconds.
        sleep: Waits for some seconds while no run is going on.
    """

    def __init__(
        self,
        metrics: Metrics,
        *,
        slots: tuple[Slot, ...],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._metrics = metrics
        self._slots = slots
        self._clock = clock
        self._sleep = sleep
        self._host_meter: AbstractHostMeter | None = None
        self._waiting = WaitingTasks()
        self._stacks: list[tuple[RunTask, ...]] = []
        self._current: _Going | None = None
        self._lost: list[Outcome] = []

    @property
    def metrics(self) -> Metrics:
        """See the base class."""
        return self._metrics

    @property
    def slots(self) -> tuple[Slot, ...]:
        """See the base class."""
        return self._slots

    def start(self, task: RunTask) -> None:
        """See the base class. It begins with the next `wait`, together with the others of its stack."""
        self._waiting.add(task)

    def wait(self, timeout_s: float) -> tuple[Outcome, ...]:
        """See the base class. May take longer than `timeout_s` by the time between two reports."""
        lost, self._lost = tuple(self._lost), []
        self._stacks.extend(self._waiting.take_all())
        if lost:
            return lost
        if self._current is None and self._stacks:
            tasks = self._stacks.pop(0)
            self._current = _Going(tasks, self._progress_of(tasks))
        if self._current is None:
            self._sleep(timeout_s)
            return ()
        return self._advance(self._current, ends_s=self._clock() + timeout_s)

    def _advance(self, going: "_Going", *, ends_s: float) -> tuple[Outcome, ...]:
        while True:
            try:
                outcome = next(going.progress, None)
            except Exception as error:  # noqa: BLE001, the worker's edge, as in SeedWorker.run
                self._current = None
                return tuple(failure_from(error, run=task.run, attempt=task.attempt) for task in going.tasks)
            if isinstance(outcome, _Report):
                if self._clock() >= ends_s:
                    return ()
                continue
            if outcome is None:
                self._current = None
                return ()
            going.tasks = tuple(task for task in going.tasks if task.run != outcome.run)
            if not going.tasks:
                self._current = None
            return (outcome,)

    def give_up(self, run: RunId, *, message: str) -> SeedFailure:
        """See the base class. The other runs of its stack end with it."""
        assert self._current is not None, "no run is going on"
        failures = {
            task.run: failure_from(
                TimeoutError(message), run=task.run, attempt=task.attempt, cause=FailureCause.LOST_WORKER
            )
            for task in self._current.tasks
        }
        self._current = None
        failure = failures.pop(run)
        self._lost.extend(failures.values())
        return failure

    def refresh(self) -> NodeChange:
        """See the base class. This process is the only node, and one stack at a time has it."""
        return NodeChange(waiting=tuple(task.run for tasks in self._stacks for task in tasks))

    def close(self) -> None:
        """See the base class."""
        self._current = None
        if self._host_meter is not None:
            self._host_meter.close()
        self._metrics.close()

    def _progress_of(self, tasks: tuple[RunTask, ...]) -> Iterator["Outcome | _Report"]:
        if self._host_meter is None:
            placement = tasks[0].config.placement
            energy = tasks[0].config.energy
            self._host_meter = open_host_meter(energy, device=placement.device, sharing=Sharing.SEQUENTIAL)
        runs, attempts = open_runs(tasks, host_meter=self._host_meter), attempts_of(tasks)
        for item in runs:
            yield advance(runs, item=item, attempts=attempts, metrics=self._metrics) or _Report()


@dataclass(slots=True)
class _Going:
    """What runs now."""

    tasks: tuple[RunTask, ...]
    """Those without an outcome yet."""
    progress: Iterator["Outcome | _Report"]


@final
class _Report:
    """A sign that something was told that is no outcome."""
