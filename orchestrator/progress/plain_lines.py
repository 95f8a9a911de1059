"""One plain line of text for each event, without control characters."""

from configs.counted import counted
from configs.experiment import BASE_CONDITION
from orchestrator.printable import one_line
from orchestrator.progress.events import (
    ExperimentFinished,
    ExperimentStarted,
    RunCompleted,
    RunFailed,
    RunStarted,
    RunStopped,
    Warned,
)
from orchestrator.progress.formatting import duration, exact_count, interval_of, loss, rate
from orchestrator.progress.snapshot import RunView
from orchestrator.run_state import RunState
from workers.records import IntervalRecord, RunId

__all__ = ["event_line", "interval_line", "run_at_record", "standing_line"]


def event_line(
    event: ExperimentStarted | RunStarted | RunCompleted | RunFailed | RunStopped | ExperimentFinished | Warned,
) -> str:
    """What happened, in one line; for an interval see `interval_line`."""
    match event:
        case ExperimentStarted():
            return _started_line(event)
        case ExperimentFinished():
            return _finished_line(event)
        case Warned(message):
            return f"warning: {one_line(message)}"
        case RunStarted(run, attempt, slot):
            return f"{_label(run)}  started on {one_line(slot)}{_later_attempt(attempt)}"
        case RunCompleted(run, attempt):
            return f"{_label(run)}  completed{_later_attempt(attempt)}"
        case RunFailed(run, attempt, kind, message):
            return f"{_label(run)}  attempt {attempt} failed: {one_line(f'{kind}: {message}')}"
        case RunStopped(run, attempt, step):
            return f"{_label(run)}  stopped at step {exact_count(step)}{_later_attempt(attempt)}"


def interval_line(run: RunView) -> str:
    """A run at the end of its newest interval, in columns that stay in place from line to line."""
    return f"{_measured(run)}  left {duration(run.remaining_s)}{_later_attempt(run.attempt)}"


def standing_line(run: RunView) -> str:
    """A run as it stands, in the same columns."""
    return f"{_measured(run)}  {run.state}{_later_attempt(run.attempt)}"


def _measured(run: RunView) -> str:
    last = str(run.num_intervals - 1)
    best = "-" if run.best_interval is None else f"{loss(run.best_val_loss)} @{run.best_interval}"
    columns = (
        _label(run.run),
        f"interval {interval_of(run.last_interval, num_intervals=run.num_intervals)}",
        f"tokens {exact_count(run.tokens):>{len(exact_count(run.total_tokens))}}",
        f"train {loss(run.train_loss):>5}",
        f"val {loss(run.val_losses[-1] if run.val_losses else None):>5}",
        f"best {best:<{len('2.883 @') + len(last)}}",
        f"{rate(run.tokens_per_s):>6} tokens/s",
    )
    return "  ".join(columns)


def run_at_record(record: IntervalRecord, *, earlier: RunView | None, num_intervals: int) -> RunView:
    """A run as it was when `record` was taken.

    Args:
        record: The newest record of the run.
        earlier: What is known of the run already: the losses of the intervals before, its number of intervals and its
            total tokens; None when nothing is. Losses that are missing become NaN.
        num_intervals: Intervals of a complete run, interval 0 included, unless `earlier` tells.
    """
    num_intervals = max(earlier.num_intervals if earlier else num_intervals, record.interval + 1)
    every_tokens = record.target_tokens // max(1, record.interval)
    known = earlier.val_losses[: record.interval] if earlier else ()
    missing = (float("nan"),) * (record.interval - len(known))
    return RunView(
        run=record.run,
        state=RunState.TRAINING,
        attempt=record.attempt,
        num_intervals=num_intervals,
        last_interval=record.interval,
        tokens=record.tokens,
        total_tokens=max(earlier.total_tokens if earlier else 0, every_tokens * (num_intervals - 1), record.tokens),
        train_loss=record.train_loss,
        val_losses=(*known, *missing, record.val_loss),
        tokens_per_s=record.tokens_per_s,
    )


def _started_line(event: ExperimentStarted) -> str:
    intervals = f"{counted(event.num_intervals, 'interval')} (0 to {event.num_intervals - 1})"
    return (
        f"experiment {one_line(event.name)}  {counted(event.num_runs, 'run')} x {intervals}  "
        f"{event.num_slots} at a time  in {one_line(event.run_dir)}"
    )


def _finished_line(event: ExperimentFinished) -> str:
    end = "complete" if event.exit_code == 0 else f"ended with exit code {event.exit_code}"
    return (
        f"experiment {one_line(event.name)}  {end}  {event.num_rows} of {event.num_expected_rows} rows  "
        f"in {one_line(event.run_dir)}"
    )


def _label(run: RunId) -> str:
    return f"seed {run.seed}" if run.condition == BASE_CONDITION else f"{one_line(run.condition)}  seed {run.seed}"


def _later_attempt(attempt: int) -> str:
    return f"  attempt {attempt}" if attempt > 1 else ""
