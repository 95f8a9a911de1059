"""Turn what changed in a ledger into events and snapshots."""

from typing import final

from configs.experiment import ExperimentConfig
from orchestrator.ledger_schema import News, RunRow
from orchestrator.progress.events import Event, IntervalDone, RunCompleted, RunFailed, RunStarted, RunStopped, Warned
from orchestrator.progress.snapshot import RunView, Snapshot
from orchestrator.run_state import RunState
from workers.records import RunId

__all__ = ["ProgressTracker", "runs_of"]


def runs_of(config: ExperimentConfig) -> tuple[RunId, ...]:
    """Every run of an experiment, condition by condition."""
    return tuple(RunId(condition, seed) for condition in config.condition_names for seed in config.seeds)


@final
class ProgressTracker:
    """What is known of every run so far; fed with the ledger's news by the controller and by `watch` alike."""

    def __init__(self, config: ExperimentConfig, *, num_slots: int) -> None:
        self._name = config.name
        self._num_slots = num_slots
        self._schedules = {name: config.for_condition(name).schedule for name in config.condition_names}
        self._rows: dict[RunId, RunRow] = {}
        self._val_losses: dict[RunId, dict[int, float]] = {run: {} for run in runs_of(config)}
        self._energies: dict[RunId, dict[int, float]] = {run: {} for run in runs_of(config)}
        self.changes = 0

    def absorb(self, news: News) -> tuple[Event, ...]:
        """Take in what changed.

        Returns:
            What happened to the runs that have ended, notices and these ends, then what happened to the others, whose
            starts may have waited for them; of each, starts come first, then intervals as they arrived.
        """
        before = {row.run: self._rows.get(row.run) for row in news.runs}
        self._rows |= {row.run: row for row in news.runs}
        self.changes = news.changes
        for record in news.records:
            self._val_losses[record.run][record.interval] = record.val_loss
            if record.energy_joules is not None:
                self._energies[record.run][record.interval] = record.energy_joules
        starts = [RunStarted(row.run, row.attempt, row.slot) for row in news.runs if _has_begun(row, before[row.run])]
        ends = [_end_event(row) for row in news.runs if _has_ended(row, before[row.run])]
        ended = {end.run for end in ends}
        happened: list[RunStarted | IntervalDone] = [*starts, *map(IntervalDone, news.records)]
        return (
            *(event for event in happened if event.run in ended),
            *map(Warned, news.notices),
            *ends,
            *(event for event in happened if event.run not in ended),
        )

    def snapshot(self, *, elapsed_s: float | None, is_finished: bool, note: str = "") -> Snapshot:
        """All runs as they stand.

        Args:
            elapsed_s: Seconds since the command that trains was started; None if none is going.
            is_finished: True when no run will change any more.
            note: One sentence for the reader.
        """
        return Snapshot(
            name=self._name,
            runs=tuple(self._view(run, is_finished=is_finished) for run in self._val_losses),
            num_slots=self._num_slots,
            elapsed_s=elapsed_s,
            is_finished=is_finished,
            note=note,
        )

    def states(self) -> dict[RunId, RunState]:
        """The state of every run."""
        return {run: self._rows[run].state for run in self._val_losses}

    def intervals(self, run: RunId) -> frozenset[int]:
        """The complete intervals of a run."""
        return frozenset(self._val_losses[run])

    def last_interval(self, run: RunId) -> int | None:
        """The newest complete interval of a run; None before interval 0 is measured."""
        return max(self._val_losses[run], default=None)

    def _view(self, run: RunId, *, is_finished: bool) -> RunView:
        schedule = self._schedules[run.condition]
        row = self._rows[run]
        # The ledger of an experiment that was killed says to the end that its runs train.
        state = RunState.STOPPED if is_finished and row.state.is_running else row.state
        losses = self._val_losses[run]
        return RunView(
            run=run,
            state=state,
            attempt=row.attempt,
            num_intervals=schedule.num_intervals,
            last_interval=self.last_interval(run),
            tokens=row.tokens,
            total_tokens=schedule.num_tokens,
            train_loss=row.train_loss,
            val_losses=tuple(losses.get(interval, float("nan")) for interval in range(max(losses, default=-1) + 1)),
            tokens_per_s=row.tokens_per_s,
            slot=row.slot,
            message=row.message,
            energy_joules=sum(self._energies[run].values()) if self._energies[run] else None,
        )


def _has_begun(row: RunRow, before: RunRow | None) -> bool:
    return row.attempt > (before.attempt if before else 0)


def _has_ended(row: RunRow, before: RunRow | None) -> bool:
    is_over = row.state in (RunState.COMPLETED, RunState.FAILED, RunState.STOPPED)
    return is_over and (before is None or before.state is not row.state or before.attempt != row.attempt)


def _end_event(row: RunRow) -> RunCompleted | RunFailed | RunStopped:
    if row.state is RunState.COMPLETED:
        return RunCompleted(row.run, row.attempt)
    if row.state is RunState.STOPPED:
        return RunStopped(row.run, row.attempt, row.step)
    kind, _, message = row.message.partition(": ")
    return RunFailed(row.run, row.attempt, kind, message)
