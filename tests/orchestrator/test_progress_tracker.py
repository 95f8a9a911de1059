"""What changed in a ledger becomes events in an order that can have happened."""

from collections.abc import Callable

from configs.experiment import ExperimentConfig
from orchestrator.ledger_schema import News, RunRow
from orchestrator.progress.events import IntervalDone, RunCompleted, RunStarted, Warned
from orchestrator.progress_tracker import ProgressTracker, runs_of
from orchestrator.run_state import RunState
from workers.records import IntervalRecord, RunId


def _row(run: RunId, state: RunState, *, attempt: int) -> RunRow:
    return RunRow(run, state, attempt, "local:0", "", 0, 0, None, None, None)


def test_run_that_waited_for_a_slot_starts_after_the_end_that_freed_it(
    tiny_config: Callable[..., ExperimentConfig], make_record: Callable[..., IntervalRecord]
) -> None:
    config = tiny_config()
    first, second = runs_of(config)
    tracker = ProgressTracker(config, num_slots=1)
    training, waiting = _row(first, RunState.TRAINING, attempt=1), _row(second, RunState.WAITING, attempt=0)
    tracker.absorb(News((training, waiting), (), (), 1))
    last, initial = make_record(interval=2, seed=first.seed), make_record(interval=0, seed=second.seed)

    events = tracker.absorb(
        News(
            runs=(_row(first, RunState.COMPLETED, attempt=1), _row(second, RunState.TRAINING, attempt=1)),
            records=(last, initial),
            notices=("Something was noticed.",),
            changes=2,
        )
    )

    assert events == (
        IntervalDone(last),
        Warned("Something was noticed."),
        RunCompleted(first, 1),
        RunStarted(second, 1, "local:0"),
        IntervalDone(initial),
    )


def test_runs_of_an_experiment_that_nobody_runs_any_more_have_stopped(
    tiny_config: Callable[..., ExperimentConfig],
) -> None:
    config = tiny_config()
    tracker = ProgressTracker(config, num_slots=1)
    rows = tuple(_row(run, RunState.TRAINING, attempt=1) for run in runs_of(config))
    tracker.absorb(News(rows, (), (), 1))

    states = [
        {run.state for run in tracker.snapshot(elapsed_s=None, is_finished=is_finished).runs}
        for is_finished in (False, True)
    ]

    assert states == [{RunState.TRAINING}, {RunState.STOPPED}]
