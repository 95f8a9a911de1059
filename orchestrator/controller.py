"""Decide which run starts when, what follows a failure, and when the experiment ends."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import final

from configs.experiment import ExperimentConfig
from orchestrator.ending import Ending, EndingKind
from orchestrator.executor import AbstractExecutor, NodeChange
from orchestrator.failure_policy import FailureDecision, FailurePolicy
from orchestrator.progress.abstract_view import AbstractView
from orchestrator.progress_tracker import ProgressTracker
from orchestrator.run_order import runs_in_order
from orchestrator.run_queue import RunQueue
from orchestrator.run_state import RunState
from orchestrator.seed_worker import RunTask
from orchestrator.slots import Slot, SlotPool
from orchestrator.stop_signal import StopRequest
from workers.failure_cause import cause_of
from workers.points import Point, Reach, pass_by
from workers.records import Completed, FailureCause, Outcome, RunId, SeedFailure, Stopped

__all__ = ["Controller"]

_POLL_S = 0.25  # four looks a second keep a terminal smooth and cost nothing
_REFRESH_S = 2.0  # how often the executor is asked for nodes that came or went
_WAIT_S = 10.0  # cores that are not had within this time are held by others, not merely about to be released
_STOP_NOTE = "Stopping after the current step of each run; a second Ctrl-C ends it at once."


@dataclass(slots=True)
class _Going:
    """An attempt that holds a slot."""

    slot: Slot
    attempt: int
    heard_s: float
    """When it last reported, or was last known to wait for its cores."""
    began_s: float
    has_waited: bool = False


@dataclass(slots=True)
class _Streak:
    """Failures of a run in a row without a new interval."""

    last_interval: int | None = None
    num_failures: int = 0


@dataclass(slots=True)
class _Memory:
    """What the controller keeps of every run."""

    going: dict[RunId, _Going] = field(default_factory=dict)
    streaks: dict[RunId, _Streak] = field(default_factory=dict)
    held_since_s: float | None = None
    """Since when others hold all cores that are left; None while they do not."""
    is_held_noted: bool = False


@final
class Controller:
    """Fills free slots with waiting runs until none is left, or something says that it must end before.

    Args:
        config: The whole experiment.
        run_dir: Where the runs write.
        executor: What runs them.
        view: Where progress is shown.
        stop: Looked at between polls.
        clock: Monotonic seconds.
        began_s: When the command that trains took the run directory, by `clock`.
        reach: Told where the controller is, and handed on to the runs.
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
        began_s: float,
        reach: Reach = pass_by,
    ) -> None:
        self._config = config
        self._run_dir = run_dir
        self._executor = executor
        self._view = view
        self._stop = stop
        self._clock = clock
        self._reach = reach
        self._policy = FailurePolicy(config.recovery)
        self._slots = SlotPool(executor.slots)
        self._memory = _Memory()
        self._tracker = ProgressTracker(config, num_slots=len(executor.slots))
        self._began_s = began_s
        self._refreshed_s = float("-inf")
        self._ending: Ending | None = None

    def run(self) -> Ending:
        """Run everything that is not complete yet; returns when no run is going any more."""
        # What is known from before is no news, but the views must know it.
        self._tracker.absorb(self._executor.metrics.news(after=0))
        self._view.update(self._tracker.snapshot(elapsed_s=self._clock() - self._began_s, is_finished=False))
        states = self._tracker.states()
        queue = RunQueue(run for run in runs_in_order(self._config) if states[run] is not RunState.COMPLETED)
        self._unless_disk_is_full(partial(self._refresh_nodes, queue))
        while self._memory.going or (queue and not self._is_ending()):
            if self._is_ending():
                self._executor.metrics.request_stop()
            else:
                self._unless_disk_is_full(partial(self._fill_slots, queue))
            outcomes = self._executor.wait(_POLL_S)
            self._show(is_finished=False)
            for outcome in (*outcomes, *self._give_up_silent()):
                self._unless_disk_is_full(partial(self._take, outcome, queue=queue))
            self._unless_disk_is_full(partial(self._refresh_nodes, queue))
            if outcomes:
                self._show(is_finished=False)  # that a run has ended is told before another one has its slot
        self._show(is_finished=True)
        return self._ending or Ending(EndingKind.STOPPED if queue or self._stopped() else EndingKind.FINISHED)

    def _unless_disk_is_full(self, act: Callable[[], None]) -> None:
        # The ledger lies on the disk that the runs fill; what it could not note is found on disk by `resume`.
        try:
            act()
        except Exception as error:
            if cause_of(error) is not FailureCause.DISK_FULL:
                raise
            self._end(EndingKind.PAUSED, f"the disk is full ({error}); make room, then resume the experiment.")

    def _is_ending(self) -> bool:
        return self._stop.is_made or self._ending is not None

    def _stopped(self) -> bool:
        return any(state is RunState.STOPPED for state in self._tracker.states().values())

    def _fill_slots(self, queue: RunQueue) -> None:
        most = self._config.placement.max_concurrent_runs
        while most == "auto" or len(self._memory.going) < most:
            run = queue.peek(now_s=self._clock())
            slot = self._slots.acquire() if run is not None else None
            if run is None or slot is None:
                return
            queue.remove(run)
            self._start(run, slot=slot)

    def _start(self, run: RunId, *, slot: Slot) -> None:
        attempt = self._executor.metrics.begin_attempt(run, slot=str(slot))
        self._reach(Point.ATTEMPT_BEGUN)
        self._memory.going[run] = _Going(slot, attempt, heard_s=self._clock(), began_s=self._clock())
        self._executor.start(
            RunTask(
                run=run,
                attempt=attempt,
                slot=slot,
                config=self._config.for_condition(run.condition),
                run_dir=str(self._run_dir),
                known=self._tracker.intervals(run),
                reach=self._reach,
            )
        )
        self._reach(Point.RUN_STARTED)

    def _take(self, outcome: Outcome, *, queue: RunQueue) -> None:
        going = self._memory.going.get(outcome.run)
        if going is None or going.attempt != outcome.attempt:
            return  # An attempt that was given up has come back.
        del self._memory.going[outcome.run]
        is_lost = isinstance(outcome, SeedFailure) and outcome.cause is FailureCause.LOST_WORKER
        # It takes a while until a dead node is known to be dead.
        self._slots.release(going.slot, is_suspect=is_lost)
        self._note(outcome, queue=queue)
        self._reach(Point.OUTCOME_NOTED)

    def _note(self, outcome: Outcome, *, queue: RunQueue) -> None:
        metrics = self._executor.metrics
        match outcome:
            case Completed():
                metrics.end_attempt(outcome, state=RunState.COMPLETED)
            case Stopped():
                metrics.end_attempt(outcome, state=RunState.STOPPED)
            case SeedFailure():
                self._note_failure(outcome, queue=queue)

    def _note_failure(self, failure: SeedFailure, *, queue: RunQueue) -> None:
        metrics = self._executor.metrics
        verdict = self._policy.decide(failure, num_failures=self._count_failure(failure.run))
        match verdict.decision:
            case FailureDecision.RETRY if not self._is_ending():
                queue.add(failure.run, not_before_s=self._clock() + verdict.backoff_s)
                metrics.end_attempt(failure, state=RunState.WAITING)
            case FailureDecision.RETRY:
                metrics.end_attempt(failure, state=RunState.STOPPED)
            case FailureDecision.FAIL_RUN:
                metrics.end_attempt(failure, state=RunState.FAILED)
            case FailureDecision.PAUSE:
                self._end(EndingKind.PAUSED, verdict.reason)
                metrics.end_attempt(failure, state=RunState.STOPPED)
            case FailureDecision.ABORT:
                self._end(EndingKind.ABORTED, verdict.reason)
                metrics.end_attempt(failure, state=RunState.FAILED)
        metrics.add_notice(verdict.reason)

    def _count_failure(self, run: RunId) -> int:
        last_interval = self._tracker.last_interval(run)
        streak = self._memory.streaks.setdefault(run, _Streak())
        if streak.last_interval != last_interval:
            streak.last_interval, streak.num_failures = last_interval, 0
        streak.num_failures += 1
        return streak.num_failures

    def _end(self, kind: EndingKind, reason: str) -> None:
        # The first reason counts; others mostly follow from it.
        self._ending = self._ending or Ending(kind, reason)

    def _give_up_silent(self) -> tuple[SeedFailure, ...]:
        """Attempts that have not reported for too long, ended by force."""
        patience_s = self._config.recovery.silence_s
        now_s = self._clock()
        silent = [run for run, going in self._memory.going.items() if now_s - going.heard_s > patience_s]
        return tuple(self._executor.give_up(run, message=f"it has not reported for {patience_s:g} s") for run in silent)

    def _refresh_nodes(self, queue: RunQueue) -> None:
        if self._clock() - self._refreshed_s < _REFRESH_S:
            return
        self._refreshed_s = self._clock()
        self._follow(self._executor.refresh(), queue=queue)

    def _follow(self, change: NodeChange, *, queue: RunQueue) -> None:
        for node in change.lost_nodes:
            # A node that came back would lend its cores again while their runs still count as going.
            for run in [run for run, going in self._memory.going.items() if going.slot.node == node]:
                self._take(self._executor.give_up(run, message=f"its node {node} is gone"), queue=queue)
            self._slots.remove_node(node)
            self._executor.metrics.add_notice(f"Node {node} is gone; its runs go on elsewhere.")
        for notice in change.notices:
            self._executor.metrics.add_notice(notice)
        for slot in change.new_slots:
            self._slots.add((slot,))
            self._executor.metrics.add_notice(f"Slot {slot} has joined.")
        self._slots.limit(change.most_slots)
        self._note_held_cores(queue)
        for run in change.waiting:
            self._let_wait(run)

    def _note_held_cores(self, queue: RunQueue) -> None:
        """Say once, and again after they were free, that others hold the cores that the waiting runs need."""
        memory, now_s = self._memory, self._clock()
        if not queue or not self._slots.is_held_by_others:
            memory.held_since_s, memory.is_held_noted = None, False
            return
        memory.held_since_s = now_s if memory.held_since_s is None else memory.held_since_s
        if now_s - memory.held_since_s >= _WAIT_S and not memory.is_held_noted:
            memory.is_held_noted = True
            self._executor.metrics.add_notice(
                f"{len(queue)} runs wait: others hold the cluster's cores; they start as soon as cores are free."
            )

    def _let_wait(self, run: RunId) -> None:
        going = self._memory.going.get(run)
        if going is None:
            return
        going.heard_s = self._clock()
        if going.heard_s - going.began_s >= _WAIT_S and not going.has_waited:
            going.has_waited = True
            self._executor.metrics.add_notice(f"{run} waits: others took the cores of {going.slot} before it.")

    def _show(self, *, is_finished: bool) -> None:
        news = self._executor.metrics.news(after=self._tracker.changes)
        for row in news.runs:
            if row.run in self._memory.going:
                self._memory.going[row.run].heard_s = self._clock()
        for event in self._tracker.absorb(news):
            self._view.show(event)
        note = _STOP_NOTE if self._stop.is_made and not is_finished else ""
        self._view.update(
            self._tracker.snapshot(elapsed_s=self._clock() - self._began_s, is_finished=is_finished, note=note)
        )
