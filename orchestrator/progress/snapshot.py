"""How far every run of an experiment is at one moment."""

import heapq
import math
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from orchestrator.run_state import RunState
from workers.records import RunId

__all__ = ["RunView", "Snapshot"]


@dataclass(frozen=True, slots=True)
class RunView:
    """One run as a view may show it."""

    run: RunId
    state: RunState
    attempt: int
    """The newest attempt, from 1; 0 before the first."""
    num_intervals: int
    """Intervals that a complete run has, interval 0 included."""
    last_interval: int | None
    """The newest complete interval; None before interval 0 is measured."""
    tokens: int
    """Training tokens seen so far."""
    total_tokens: int
    """Training tokens that a complete run has seen."""
    train_loss: float | None
    """The newest training loss, in nats per token."""
    val_losses: tuple[float, ...]
    """Validation loss by interval, as far as complete, in nats per token."""
    tokens_per_s: float | None
    """The newest training speed; None before it is known."""
    slot: str = ""
    """Where the run is or was, such as `node:0`; empty before it has a slot."""
    message: str = ""
    """Why the run failed; empty unless it did."""
    energy_joules: float | None = None
    """Energy of its complete intervals, as far as known; None while none is."""

    @property
    def best_interval(self) -> int | None:
        """The first interval with the lowest finite validation loss; None before there is one."""
        finite = [interval for interval, loss in enumerate(self.val_losses) if math.isfinite(loss)]
        return min(finite, key=self.val_losses.__getitem__, default=None)

    @property
    def best_val_loss(self) -> float | None:
        """The lowest finite validation loss so far, in nats per token."""
        return None if self.best_interval is None else self.val_losses[self.best_interval]

    @property
    def remaining_tokens(self) -> int:
        """Training tokens still to be seen before the run is complete."""
        return 0 if self.state is RunState.COMPLETED else max(0, self.total_tokens - self.tokens)

    @property
    def remaining_s(self) -> float | None:
        """Seconds of training left at the newest speed; None while unknown or when the run does not go on."""
        if self.state is RunState.COMPLETED:
            return 0.0
        if self.state is not RunState.TRAINING:
            return None
        return _seconds(self.remaining_tokens, tokens_per_s=self.tokens_per_s)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All runs of one experiment at one moment, in the order in which they are shown."""

    name: str
    runs: tuple[RunView, ...]
    num_slots: int
    elapsed_s: float | None
    """Seconds since the command that trains was started; None if none is going."""
    is_finished: bool
    """True when no run will change any more."""
    note: str = ""
    """One sentence for the reader, such as that a stop was requested; empty when there is nothing to say."""

    @property
    def done_tokens(self) -> int:
        """Training tokens seen by all runs together."""
        return sum(run.total_tokens - run.remaining_tokens for run in self.runs)

    @property
    def total_tokens(self) -> int:
        """Training tokens that the complete experiment has seen."""
        return sum(run.total_tokens for run in self.runs)

    @property
    def energy_joules(self) -> float | None:
        """Energy of all complete intervals of all runs, as far as known; None while none is."""
        known = [run.energy_joules for run in self.runs if run.energy_joules is not None]
        return sum(known) if known else None

    @property
    def done_fraction(self) -> float:
        """Share of all training tokens that has been seen, from 0 to 1; 0 for an empty experiment."""
        return min(1.0, max(0.0, self.done_tokens / self.total_tokens)) if self.total_tokens > 0 else 0.0

    @property
    def state_counts(self) -> dict[RunState, int]:
        """Number of runs in each state that occurs, in the order of `RunState`."""
        counts = Counter(run.state for run in self.runs)
        return {state: counts[state] for state in RunState if counts[state]}

    @property
    def remaining_s(self) -> float | None:
        """Expected seconds until the last run ends; None while unknown.

        List scheduling: each running run keeps its slot until its tokens are seen; waiting runs take, in their order,
        the slot that is free first. A run without a speed of its own is given the mean speed of its condition, else of
        all runs. Failed and stopped runs are taken not to go on.
        """
        going = [run for run in self.runs if run.state.is_running]
        waiting = [run for run in self.runs if run.state is RunState.WAITING]
        if self.is_finished or not (going or waiting):
            return 0.0
        num_slots = max(self.num_slots, len(going))
        seconds = [_seconds(run.remaining_tokens, tokens_per_s=self._expected_speed(run)) for run in going + waiting]
        known = [value for value in seconds if value is not None]
        if len(known) < len(seconds) or num_slots == 0:
            return None
        return _makespan(known, num_slots=min(num_slots, len(known)))

    def expected_end(self, now: datetime) -> datetime | None:
        """The clock time at which the last run is expected to end; None while unknown or past the calendar."""
        remaining_s = self.remaining_s
        try:
            return None if remaining_s is None else now + timedelta(seconds=remaining_s)
        except OverflowError:
            return None

    def _expected_speed(self, run: RunView) -> float | None:
        if _is_speed(run.tokens_per_s) and run.state.is_running:
            return run.tokens_per_s
        measured = [other for other in self.runs if _is_speed(other.tokens_per_s)]
        training = [other for other in measured if other.state is RunState.TRAINING] or measured
        alike = [other for other in training if other.run.condition == run.run.condition] or training
        return fmean(other.tokens_per_s or 0.0 for other in alike) if alike else None


def _is_speed(tokens_per_s: float | None) -> bool:
    return tokens_per_s is not None and math.isfinite(tokens_per_s) and tokens_per_s > 0


def _seconds(tokens: int, *, tokens_per_s: float | None) -> float | None:
    if tokens_per_s is None or not _is_speed(tokens_per_s):
        return None
    seconds = tokens / tokens_per_s
    return seconds if math.isfinite(seconds) else None


def _makespan(durations_s: list[float], *, num_slots: int) -> float:
    free_at_s = [0.0] * num_slots
    for duration_s in durations_s:
        heapq.heapreplace(free_at_s, free_at_s[0] + duration_s)
    return max(free_at_s)
