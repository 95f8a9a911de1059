"""Decide which run starts when, and watch all of them to their ends."""

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import final

from configs.experiment import ExperimentConfig
from orchestrator.executor import AbstractExecutor
from orchestrator.progress.abstract_view import AbstractView
from orchestrator.progress_tracker import ProgressTracker
from orchestrator.run_state import RunState
from orchestrator.seed_worker import RunTask
from orchestrator.slots import Slot, SlotPool
from orchestrator.stop_signal import StopRequest
from workers.records import Outcome, RunId

__all__ = ["Controller"]

_POLL_S = 0.25  # four looks a second keep a terminal smooth and cost nothing
_STOP_NOTE = "Stopping after the current step of each run; a second Ctrl-C ends it at once."


@final
class Controller:
    """Fills free slots with waiting runs until none is left.

    Args:
        config: The whole experiment.
        run_dir: Where the runs write.
        executor: What runs them.
        view: Where progress is shown.
        stop: Looked at between polls.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        config: ExperimentConfig,
        *,
        run_dir: Path,
        executor: AbstractExecutor,
        view: AbstractView,
        stop: StopRequest,
        clock: Callable[[], float],
    ) -> None:
        self._config = config
        self._run_dir = run_dir
        self._executor = executor
        self._view = view
        self._stop = stop
        self._clock = clock
        slots = _permitted_slots(executor.slots, config)
        self._slots = SlotPool(slots)
        self._held: dict[RunId, Slot] = {}
        self._tracker = ProgressTracker(config, num_slots=len(slots))
        self._began_s = clock()

    def run(self) -> None:
        """Run everything that is not complete yet; returns when no run is going any more."""
        # What is known from before is no news, but the views must know it.
        self._tracker.absorb(self._executor.metrics.news(after=0))
        self._view.update(self._tracker.snapshot(elapsed_s=0.0, is_finished=False))
        waiting = deque(self._unfinished())
        is_stop_passed_on = False
        while self._held or (waiting and not self._stop.is_made):
            if self._stop.is_made and not is_stop_passed_on:
                self._executor.metrics.request_stop()
                is_stop_passed_on = True
            if not self._stop.is_made:
                self._fill_slots(waiting)
            for outcome in self._executor.wait(_POLL_S):
                self._take(outcome)
            self._show(is_finished=False)
        self._show(is_finished=True)

    def _unfinished(self) -> Sequence[RunId]:
        views = self._tracker.snapshot(elapsed_s=0.0, is_finished=False).runs
        return [view.run for view in views if view.state is not RunState.COMPLETED]

    def _fill_slots(self, waiting: deque[RunId]) -> None:
        while waiting and (slot := self._slots.acquire()) is not None:
            run = waiting.popleft()
            attempt = self._executor.metrics.begin_attempt(run, slot=str(slot))
            self._held[run] = slot
            self._executor.start(
                RunTask(
                    run=run,
                    attempt=attempt,
                    slot=slot,
                    config=self._config.for_condition(run.condition),
                    run_dir=str(self._run_dir),
                )
            )

    def _take(self, outcome: Outcome) -> None:
        self._executor.metrics.end_attempt(outcome)
        self._slots.release(self._held.pop(outcome.run))

    def _show(self, *, is_finished: bool) -> None:
        for event in self._tracker.absorb(self._executor.metrics.news(after=self._tracker.changes)):
            self._view.show(event)
        note = _STOP_NOTE if self._stop.is_made and not is_finished else ""
        self._view.update(
            self._tracker.snapshot(elapsed_s=self._clock() - self._began_s, is_finished=is_finished, note=note)
        )


def _permitted_slots(slots: tuple[Slot, ...], config: ExperimentConfig) -> tuple[Slot, ...]:
    most = config.placement.max_concurrent_runs
    return slots if most == "auto" else slots[:most]
