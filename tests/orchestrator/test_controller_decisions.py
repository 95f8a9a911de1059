"""The controller tries again, pauses, aborts, gives up and fills slots as its rules say, at the time they say."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, final

import pytest

from configs.errors import StaleAttemptError
from configs.experiment import ExperimentConfig
from configs.run_paths import RunPaths
from orchestrator.controller import Controller
from orchestrator.ending import Ending, EndingKind
from orchestrator.executor import AbstractExecutor, NodeChange
from orchestrator.ledger import Ledger
from orchestrator.metrics import Directive, Metrics
from orchestrator.progress.events import RunFailed, RunStopped, Warned
from orchestrator.progress_tracker import runs_of
from orchestrator.run_state import RunState
from orchestrator.seed_worker import RunTask
from orchestrator.slots import Slot
from orchestrator.stop_signal import StopRequest
from workers.failure_cause import failure_from
from workers.local_store import LocalStore
from workers.points import Point, Reach, pass_by
from workers.records import (
    Completed,
    FailureCause,
    IntervalRecord,
    Outcome,
    ProgressSample,
    RunId,
    SeedFailure,
    Stopped,
)

Attempt = Callable[[RunTask, Metrics], Iterator[Outcome | None]]
MakeRecord = Callable[..., IntervalRecord]

ONE_SLOT = (Slot("a", (0,)),)
TWO_SLOTS = (Slot("a", (0,)), Slot("b", (0,)))
LAST = 2  # of three intervals
FOREVER_S = 10_000.0


@dataclass(frozen=True)
class Start:
    """An attempt that the controller began."""

    seed: int
    attempt: int
    at_s: float
    slot: str
    known: frozenset[int]


@final
class ScriptedExecutor(AbstractExecutor):
    """Trains nothing: every attempt does what its script says, one line per call of `wait`."""

    def __init__(self, metrics: Metrics, *, slots: Sequence[Slot], clock: Any) -> None:
        self._metrics = metrics
        self._slots = tuple(slots)
        self._clock = clock
        self._began_s = clock.now_s
        self._running: dict[RunId, Iterator[Outcome | None]] = {}
        self._tasks: dict[RunId, RunTask] = {}
        self.scripts: dict[int, list[Attempt]] = {}
        self.starts: list[Start] = []
        self.given_up: list[tuple[RunId, str]] = []
        self.late: list[Outcome] = []
        self.changes: list[tuple[float, NodeChange]] = []

    @property
    def metrics(self) -> Metrics:
        """See the base class."""
        return self._metrics

    @property
    def slots(self) -> tuple[Slot, ...]:
        """See the base class."""
        return self._slots

    @property
    def now_s(self) -> float:
        """Seconds since the beginning."""
        return float(self._clock.now_s - self._began_s)

    def start(self, task: RunTask) -> None:
        """See the base class."""
        script = self.scripts.get(task.run.seed, [])
        attempt = script.pop(0) if script else completes
        self._running[task.run] = attempt(task, self._metrics)
        self._tasks[task.run] = task
        self.starts.append(Start(task.run.seed, task.attempt, self.now_s, str(task.slot), task.known))

    def wait(self, timeout_s: float) -> tuple[Outcome, ...]:
        """See the base class."""
        self._clock.advance(timeout_s)
        assert self.now_s < FOREVER_S, "the controller never ends"
        late, self.late = self.late, []
        outcomes = {run: next(progress) for run, progress in self._running.items()}
        ended = {run: outcome for run, outcome in outcomes.items() if outcome is not None}
        for run in ended:
            del self._running[run]
        return (*late, *ended.values())

    def give_up(self, run: RunId, *, message: str) -> SeedFailure:
        """See the base class."""
        del self._running[run]
        task = self._tasks[run]
        self.given_up.append((run, message))
        return failure_from(TimeoutError(message), run=run, attempt=task.attempt, cause=FailureCause.LOST_WORKER)

    def refresh(self) -> NodeChange:
        """See the base class."""
        due = [change for at_s, change in self.changes if at_s <= self.now_s]
        self.changes = [item for item in self.changes if item[1] not in due]
        return due[0] if due else NodeChange()

    def close(self) -> None:
        """See the base class."""
        self._metrics.close()


def completes(task: RunTask, metrics: Metrics) -> Iterator[Outcome | None]:
    """Says nothing and is done."""
    del metrics
    yield Completed(task.run, task.attempt, "b" * 64)


def is_silent(task: RunTask, metrics: Metrics) -> Iterator[Outcome | None]:
    """Never reports."""
    del task, metrics
    while True:
        yield None


def trains_until_stopped(task: RunTask, metrics: Metrics) -> Iterator[Outcome | None]:
    """Reports progress for ever, and stops when it is told to."""
    sample = ProgressSample(task.run.condition, task.run.seed, task.attempt, 3, 192, 5.0, None)
    while metrics.accept(sample, attempt=task.attempt) is Directive.GO_ON:
        yield None
    yield Stopped(task.run, task.attempt, 3)


def waits(num_waits: int, then: Attempt) -> Attempt:
    """Does nothing for a while."""

    def attempt(task: RunTask, metrics: Metrics) -> Iterator[Outcome | None]:
        for _ in range(num_waits):
            yield None
        yield from then(task, metrics)

    return attempt


def fails(cause: FailureCause = FailureCause.LOST_WORKER) -> Attempt:
    """Fails at once."""

    def attempt(task: RunTask, metrics: Metrics) -> Iterator[Outcome | None]:
        del metrics
        yield SeedFailure(task.run, task.attempt, cause, "SomeError", "so it went", "Traceback", 3)

    return attempt


@dataclass
class Situation:
    """A controller with everything around it."""

    executor: ScriptedExecutor
    view: Any
    stop: StopRequest
    make_record: MakeRecord
    config: ExperimentConfig
    clock: Any
    reach: Reach = pass_by
    controller: Controller = field(init=False)

    def run(self) -> Ending:
        self.controller = Controller(
            self.config,
            run_dir=Path("/nowhere"),
            executor=self.executor,
            view=self.view,
            stop=self.stop,
            clock=self.clock,
            began_s=self.clock(),
            reach=self.reach,
        )
        return self.controller.run()

    def measures(self, *intervals: int, then: Attempt = completes) -> Attempt:
        """An attempt that reports intervals first."""

        def attempt(task: RunTask, metrics: Metrics) -> Iterator[Outcome | None]:
            for interval in intervals:
                record = self.make_record(interval, seed=task.run.seed, attempt=task.attempt)
                metrics.accept(record, attempt=task.attempt)
                yield None
            yield from then(task, metrics)

        return attempt

    @property
    def states(self) -> dict[int, tuple[RunState, int]]:
        """State and attempts by seed."""
        return {row.run.seed: (row.state, row.attempt) for row in self.executor.metrics.news(after=0).runs}

    @property
    def warnings(self) -> list[str]:
        """What the reader was told."""
        return [event.message for event in self.view.events if isinstance(event, Warned)]

    def starts_of(self, seed: int) -> list[Start]:
        return [start for start in self.executor.starts if start.seed == seed]


@pytest.fixture
def situation(
    tmp_path: Path,
    tiny_config: Callable[..., ExperimentConfig],
    make_clock: Callable[..., Any],
    make_record: MakeRecord,
    silent_view: Callable[[], Any],
) -> Iterator[Callable[..., Situation]]:
    """A function from slots and settings to a controller of two runs, seeds 1 and 2."""
    made: list[Situation] = []

    def make(slots: Sequence[Slot] = TWO_SLOTS, **changes: Any) -> Situation:
        config, paths, clock = tiny_config(**changes), RunPaths(tmp_path), make_clock()
        Ledger.create(paths.ledger_file, runs=runs_of(config), clock=clock).close()
        metrics = Metrics(partial(Ledger.open, paths.ledger_file, clock=clock), store=LocalStore(paths))
        executor = ScriptedExecutor(metrics, slots=slots, clock=clock)
        made.append(Situation(executor, silent_view(), StopRequest(), make_record, config, clock))
        return made[-1]

    yield make
    for one in made:
        one.executor.close()


def _pauses_s(starts: Sequence[Start]) -> list[float]:
    """Seconds between the start of an attempt, which fails 0.25 s later, and that of the next."""
    return [later.at_s - earlier.at_s - 0.25 for earlier, later in pairwise(starts)]


def test_runs_without_trouble_finish(situation: Callable[..., Situation]) -> None:
    one = situation()

    ending = one.run()

    assert ending == Ending(EndingKind.FINISHED)
    assert one.states == {1: (RunState.COMPLETED, 1), 2: (RunState.COMPLETED, 1)}


def test_slots_are_filled_as_they_become_free(situation: Callable[..., Situation]) -> None:
    one = situation(ONE_SLOT, seeds=[1, 2, 3])

    one.run()

    assert [(start.seed, start.slot) for start in one.executor.starts] == [(1, "a:0"), (2, "a:0"), (3, "a:0")]


def test_no_more_runs_at_a_time_than_the_config_allows(situation: Callable[..., Situation]) -> None:
    one = situation(TWO_SLOTS, placement={"max_concurrent_runs": 1})
    one.executor.scripts = {1: [waits(8, completes)]}

    one.run()

    assert one.starts_of(2)[0].at_s > one.starts_of(1)[0].at_s + 8 * 0.25


@pytest.mark.parametrize("cause", [FailureCause.LOST_WORKER, FailureCause.OUT_OF_MEMORY])
def test_failure_that_may_pass_is_followed_by_another_attempt(
    situation: Callable[..., Situation], cause: FailureCause
) -> None:
    one = situation()
    one.executor.scripts = {1: [fails(cause)]}

    ending = one.run()

    assert ending == Ending(EndingKind.FINISHED)
    assert one.states == {1: (RunState.COMPLETED, 2), 2: (RunState.COMPLETED, 1)}
    assert one.warnings == [
        f"base/seed-1 attempt 1: {cause} (SomeError: so it went); it goes on from its newest interval in 1 s."
    ]


def test_attempt_is_told_which_intervals_the_ledger_has(situation: Callable[..., Situation]) -> None:
    one = situation()
    one.executor.scripts = {1: [one.measures(0, 1, then=fails())]}

    one.run()

    assert [start.known for start in one.starts_of(1)] == [frozenset(), frozenset({0, 1})]


def test_each_retry_waits_twice_as_long_as_the_one_before(situation: Callable[..., Situation]) -> None:
    one = situation(recovery={"max_attempts": 5, "backoff_s": 2.0})
    one.executor.scripts = {1: [fails()] * 4}

    one.run()

    # The controller looks four times a second.
    assert _pauses_s(one.starts_of(1)) == [2.0, 4.0, 8.0, 16.0]


def test_run_that_waits_for_its_retry_leaves_its_slot_to_others(situation: Callable[..., Situation]) -> None:
    one = situation(ONE_SLOT, recovery={"backoff_s": 30.0})
    one.executor.scripts = {1: [fails()]}

    one.run()

    assert [(start.seed, start.attempt) for start in one.executor.starts] == [(1, 1), (2, 1), (1, 2)]
    assert one.starts_of(2)[0].at_s < 1.0


def test_run_is_given_up_after_so_many_attempts_without_a_new_interval(situation: Callable[..., Situation]) -> None:
    one = situation(recovery={"max_attempts": 3, "backoff_s": 0.0})
    one.executor.scripts = {1: [fails()] * 10}

    ending = one.run()

    assert ending == Ending(EndingKind.FINISHED)
    assert one.states == {1: (RunState.FAILED, 3), 2: (RunState.COMPLETED, 1)}
    assert one.warnings[-1] == "base/seed-1 is given up: 3 attempts in a row brought no new interval."
    assert [event.message for event in one.view.events if isinstance(event, RunFailed)] == ["so it went"]


def test_new_interval_begins_the_count_and_the_backoff_anew(situation: Callable[..., Situation]) -> None:
    one = situation(recovery={"max_attempts": 3, "backoff_s": 1.0})
    one.executor.scripts = {
        1: [fails(), fails(), one.measures(0, then=fails()), fails(), one.measures(1, then=fails()), fails()]
    }

    ending = one.run()

    assert ending == Ending(EndingKind.FINISHED)
    assert one.states[1] == (RunState.COMPLETED, 7)
    said = [warning.rpartition(" in ")[2] for warning in one.warnings]
    assert said == ["1 s.", "2 s.", "1 s.", "2 s.", "1 s.", "2 s."]


def test_interval_measured_again_is_no_progress(situation: Callable[..., Situation]) -> None:
    one = situation(recovery={"max_attempts": 2, "backoff_s": 0.0})
    one.executor.scripts = {1: [one.measures(0, then=fails())] * 10}

    one.run()

    assert one.states[1] == (RunState.FAILED, 2)


def test_training_that_would_repeat_its_failure_is_not_tried_again(situation: Callable[..., Situation]) -> None:
    one = situation()
    one.executor.scripts = {1: [fails(FailureCause.NON_FINITE)]}

    ending = one.run()

    assert ending == Ending(EndingKind.FINISHED)
    assert one.states == {1: (RunState.FAILED, 1), 2: (RunState.COMPLETED, 1)}


def test_full_disk_stops_every_run_and_none_is_begun(situation: Callable[..., Situation]) -> None:
    one = situation(TWO_SLOTS, seeds=[1, 2, 3])
    one.executor.scripts = {1: [waits(4, fails(FailureCause.DISK_FULL))], 2: [trains_until_stopped]}

    ending = one.run()

    assert (ending.kind, one.states) == (
        EndingKind.PAUSED,
        {1: (RunState.STOPPED, 1), 2: (RunState.STOPPED, 1), 3: (RunState.WAITING, 0)},
    )
    assert ending.reason == (
        "base/seed-1 attempt 1: full disk (SomeError: so it went); the experiment pauses. Make room, then resume it."
    )
    assert one.warnings == [ending.reason]


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), sqlite3.OperationalError("database or disk is full")]
)
def test_disk_that_is_too_full_to_note_an_ending_pauses_too(
    situation: Callable[..., Situation], error: Exception
) -> None:
    one = situation(ONE_SLOT)

    def reach(point: Point) -> None:
        if point is Point.OUTCOME_NOTED:
            raise error

    one.reach = reach

    ending = one.run()

    assert ending.kind is EndingKind.PAUSED
    assert "the disk is full" in ending.reason
    assert [start.seed for start in one.executor.starts] == [1]


def test_defect_stops_every_run_and_none_is_begun(situation: Callable[..., Situation]) -> None:
    one = situation(TWO_SLOTS, seeds=[1, 2, 3])
    one.executor.scripts = {1: [waits(4, fails(FailureCause.DEFECT))], 2: [trains_until_stopped]}

    ending = one.run()

    assert (ending.kind, one.states) == (
        EndingKind.ABORTED,
        {1: (RunState.FAILED, 1), 2: (RunState.STOPPED, 1), 3: (RunState.WAITING, 0)},
    )
    assert ending.reason == "base/seed-1 attempt 1: defect (SomeError: so it went); the experiment stops at once."


def test_first_reason_to_end_is_the_one_that_is_told(situation: Callable[..., Situation]) -> None:
    one = situation()
    one.executor.scripts = {1: [fails(FailureCause.DISK_FULL)], 2: [waits(3, fails(FailureCause.DEFECT))]}

    assert one.run().kind is EndingKind.PAUSED


def test_worker_lost_while_the_experiment_ends_leaves_its_run_to_be_resumed(
    situation: Callable[..., Situation],
) -> None:
    one = situation()
    one.executor.scripts = {1: [fails(FailureCause.DISK_FULL)], 2: [waits(3, fails(FailureCause.LOST_WORKER))]}

    one.run()

    assert one.states == {1: (RunState.STOPPED, 1), 2: (RunState.STOPPED, 1)}


def test_stop_that_is_asked_for_stops_every_run_and_begins_none(situation: Callable[..., Situation]) -> None:
    one = situation(ONE_SLOT)
    one.executor.scripts = {1: [trains_until_stopped]}
    one.view.after_event = lambda event: setattr(one.stop, "is_made", True)

    ending = one.run()

    assert ending == Ending(EndingKind.STOPPED)
    assert one.states == {1: (RunState.STOPPED, 1), 2: (RunState.WAITING, 0)}
    assert [type(event) for event in one.view.events if isinstance(event, RunStopped)] == [RunStopped]


def test_run_that_waits_for_its_retry_is_stopped_without_waiting_any_longer(
    situation: Callable[..., Situation],
) -> None:
    one = situation(ONE_SLOT, seeds=[1], recovery={"backoff_s": 1000.0})
    one.executor.scripts = {1: [fails()]}
    one.view.after_event = lambda event: setattr(one.stop, "is_made", isinstance(event, Warned) or one.stop.is_made)

    ending = one.run()

    assert (ending.kind, one.executor.now_s < 2.0) == (EndingKind.STOPPED, True)
    assert one.states == {1: (RunState.WAITING, 1)}


def test_attempt_that_is_silent_for_too_long_is_ended_and_tried_again(situation: Callable[..., Situation]) -> None:
    one = situation(recovery={"silence_s": 20.0, "backoff_s": 1.0})
    one.executor.scripts = {1: [is_silent]}

    ending = one.run()

    assert ending == Ending(EndingKind.FINISHED)
    assert one.executor.given_up == [(RunId("base", 1), "it has not reported for 20 s")]
    assert one.states[1] == (RunState.COMPLETED, 2)
    assert 20.0 < one.starts_of(1)[1].at_s < 22.0


def test_attempt_that_reports_is_not_silent_however_long_it_takes(situation: Callable[..., Situation]) -> None:
    one = situation(ONE_SLOT, seeds=[1], recovery={"silence_s": 1.0})

    def reports(task: RunTask, metrics: Metrics) -> Iterator[Outcome | None]:
        for step in range(100):
            sample = ProgressSample("base", 1, task.attempt, step, 64 * step, 5.0, None)
            metrics.accept(sample, attempt=task.attempt)
            yield None
        yield from completes(task, metrics)

    one.executor.scripts = {1: [reports]}

    one.run()

    assert (one.executor.given_up, one.states[1]) == ([], (RunState.COMPLETED, 1))


def test_silence_counts_as_a_failure_without_a_new_interval(situation: Callable[..., Situation]) -> None:
    one = situation(ONE_SLOT, seeds=[1], recovery={"silence_s": 5.0, "backoff_s": 0.0, "max_attempts": 2})
    one.executor.scripts = {1: [is_silent] * 5}

    one.run()

    assert one.states == {1: (RunState.FAILED, 2)}


@pytest.mark.parametrize("kind", ["completed", "failed"])
def test_outcome_of_an_attempt_that_was_given_up_is_ignored(situation: Callable[..., Situation], kind: str) -> None:
    one = situation(ONE_SLOT, seeds=[1], recovery={"silence_s": 5.0, "backoff_s": 0.0})
    run = RunId("base", 1)
    late = {
        "completed": Completed(run, 1, "c" * 64),
        "failed": SeedFailure(run, 1, FailureCause.DEFECT, "SomeError", "too late", "", None),
    }[kind]

    def comes_back(task: RunTask, metrics: Metrics) -> Iterator[Outcome | None]:
        one.executor.late.append(late)
        yield None
        yield None
        yield from completes(task, metrics)

    one.executor.scripts = {1: [is_silent, comes_back]}

    ending = one.run()

    (row,) = one.executor.metrics.news(after=0).runs
    assert ending == Ending(EndingKind.FINISHED)
    assert (row.state, row.attempt, row.data_order_sha256) == (RunState.COMPLETED, 2, "b" * 64)


def test_report_of_an_attempt_that_was_given_up_is_refused(situation: Callable[..., Situation]) -> None:
    one = situation(ONE_SLOT, seeds=[1], recovery={"silence_s": 5.0, "backoff_s": 0.0})
    refusals = []

    def older_speaks(task: RunTask, metrics: Metrics) -> Iterator[Outcome | None]:
        with pytest.raises(StaleAttemptError) as refusal:
            metrics.accept(one.make_record(0, attempt=1), attempt=1)
        refusals.append(str(refusal.value))
        yield from completes(task, metrics)

    one.executor.scripts = {1: [is_silent, older_speaks]}

    one.run()

    assert refusals == ["attempt 1 at base/seed-1 was given up; attempt 2 goes on"]
    assert one.executor.metrics.news(after=0).records == ()


def test_lost_node_gets_no_more_runs(situation: Callable[..., Situation]) -> None:
    one = situation(TWO_SLOTS, seeds=[1, 2, 3, 4], recovery={"backoff_s": 5.0})
    one.executor.changes = [(2.0, NodeChange(lost_nodes=("a",)))]
    one.executor.scripts = {1: [waits(12, fails())], 2: [waits(20, completes)]}

    ending = one.run()

    assert ending == Ending(EndingKind.FINISHED)
    assert {start.slot for start in one.executor.starts if start.at_s > 2.0} == {"b:0"}
    assert "Node a is gone; its runs go on elsewhere." in one.warnings


def test_node_that_joins_gets_runs(situation: Callable[..., Situation]) -> None:
    one = situation(ONE_SLOT, seeds=[1, 2])
    one.executor.changes = [(2.0, NodeChange(new_slots=(Slot("c", (3,)),), notices=("node d cannot be used: why",)))]
    one.executor.scripts = {1: [waits(40, completes)]}

    one.run()

    assert one.starts_of(2)[0].slot == "c:3"
    assert 2.0 <= one.starts_of(2)[0].at_s < 5.0
    assert one.warnings == ["node d cannot be used: why", "Slot c:3 has joined."]


def test_controller_waits_for_a_node_when_the_last_one_is_lost(situation: Callable[..., Situation]) -> None:
    one = situation(ONE_SLOT, seeds=[1])
    one.executor.changes = [
        (2.0, NodeChange(lost_nodes=("a",))),
        (60.0, NodeChange(new_slots=(Slot("b", (0,)),))),
    ]
    one.executor.scripts = {1: [waits(12, fails())]}

    ending = one.run()

    assert ending == Ending(EndingKind.FINISHED)
    assert [start.slot for start in one.starts_of(1)] == ["a:0", "b:0"]


def test_node_that_comes_back_before_the_run_that_it_lost_is_told_lends_its_slot_once(
    situation: Callable[..., Situation],
) -> None:
    one = situation(ONE_SLOT, seeds=[1, 2])
    one.executor.changes = [
        (2.0, NodeChange(lost_nodes=("a",))),
        (4.0, NodeChange(new_slots=ONE_SLOT)),
    ]
    one.executor.scripts = {1: [waits(40, fails())], 2: [waits(100, completes)]}

    ending = one.run()

    assert ending == Ending(EndingKind.FINISHED)
    # Seed 2 holds the only slot from 4 s to 29 s; seed 1 is tried again after that.
    assert one.starts_of(1)[1].at_s > one.starts_of(2)[0].at_s + 100 * 0.25


def test_completed_runs_of_a_resumed_experiment_are_left_alone(situation: Callable[..., Situation]) -> None:
    one = situation()
    one.run()
    first = list(one.executor.starts)

    ending = one.run()

    assert (ending, one.executor.starts) == (Ending(EndingKind.FINISHED), first)


def test_failed_run_of_a_resumed_experiment_is_tried_again(situation: Callable[..., Situation]) -> None:
    one = situation()
    one.executor.scripts = {1: [fails(FailureCause.NON_FINITE)]}
    one.run()

    ending = one.run()

    assert ending == Ending(EndingKind.FINISHED)
    assert one.states == {1: (RunState.COMPLETED, 2), 2: (RunState.COMPLETED, 1)}


def test_runs_wait_for_cores_that_others_hold_and_the_reader_is_told_once(situation: Callable[..., Situation]) -> None:
    one = situation(slots=ONE_SLOT)
    node = ONE_SLOT[0].node
    # Each change is told once; what differs in them means nothing here.
    one.executor.changes = [(2.0 * i, NodeChange(most_slots={node: 0, "nobody": i})) for i in range(20)]

    ending = one.run()

    assert ending == Ending(EndingKind.FINISHED)
    assert one.starts_of(1)[0].at_s >= 38
    assert [warning for warning in one.warnings if "others hold" in warning] == [
        "2 runs wait: others hold the cluster's cores; they start as soon as cores are free."
    ]


def test_run_that_waits_for_its_cores_is_not_silent(situation: Callable[..., Situation]) -> None:
    one = situation(slots=ONE_SLOT, seeds=[1], recovery={"silence_s": 5.0})
    one.executor.scripts = {1: [waits(100, completes)]}
    one.executor.changes = [
        (float(at_s), NodeChange(waiting=(RunId("base", 1),), most_slots={"nobody": at_s})) for at_s in range(0, 26, 2)
    ]

    ending = one.run()

    assert ending == Ending(EndingKind.FINISHED)
    assert one.executor.given_up == []
    assert one.warnings == [f"base/seed-1 waits: others took the cores of {ONE_SLOT[0]} before it."]
