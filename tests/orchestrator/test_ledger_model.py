"""Any interleaving of attempts and reports leaves the ledger as a plain dictionary would."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from configs.errors import ConflictingRecordError, StaleAttemptError
from orchestrator.ledger import Ledger, reading_ledger
from orchestrator.run_state import RunState
from workers.records import IntervalRecord, ProgressSample, RunId, Stopped

RUNS = (RunId("base", 1), RunId("base", 2))
Step = tuple[str, int, int, int, int]

steps = st.lists(
    st.tuples(
        st.sampled_from(["begin", "record", "progress", "stop"]),
        st.integers(1, 2),  # seed
        st.integers(1, 3),  # attempt that reports
        st.integers(0, 2),  # interval
        st.integers(0, 1),  # which of two measurements
    ),
    max_size=25,
)


@dataclass
class PlainLedger:
    """What the ledger should hold, as dictionaries."""

    attempts: dict[RunId, int] = field(default_factory=lambda: dict.fromkeys(RUNS, 0))
    states: dict[RunId, RunState] = field(default_factory=lambda: dict.fromkeys(RUNS, RunState.WAITING))
    records: dict[tuple[int, int], IntervalRecord] = field(default_factory=dict)
    ended: set[tuple[RunId, int]] = field(default_factory=set)

    def expect(self, kind: str, run: RunId, attempt: int, record: IntervalRecord) -> type[Exception] | None:
        """Take a step, and tell the error that it must meet."""
        if kind == "begin":
            self.attempts[run] += 1
            self.states[run] = RunState.STARTING
            return None
        if kind == "stop" and (run, attempt) in self.ended:
            return None  # said again
        # A run that waits or has stopped has no attempt that may report.
        if attempt != self.attempts[run] or not self.states[run].is_running:
            return StaleAttemptError
        present = self.records.get((run.seed, record.interval))
        if kind == "record" and present is not None and present.learning() != record.learning():
            return ConflictingRecordError
        self.states[run] = RunState.STOPPED if kind == "stop" else RunState.TRAINING
        if kind == "stop":
            self.ended.add((run, attempt))
        if kind == "record":
            self.records[run.seed, record.interval] = record
        return None


def _take(ledger: Ledger, kind: str, run: RunId, attempt: int, record: IntervalRecord) -> None:
    match kind:
        case "begin":
            ledger.begin_attempt(run, slot="local:0")
        case "record":
            ledger.add_record(record, attempt=attempt)
        case "progress":
            ledger.add_progress(ProgressSample("base", run.seed, attempt, 1, 64, 5.0, None))
        case _:
            ledger.end_attempt(Stopped(run, attempt, 1), state=RunState.STOPPED)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_ledger_agrees_with_a_plain_dictionary(steps: list[Step], make_record: Callable[..., IntervalRecord]) -> None:
    model = PlainLedger()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "ledger.sqlite"
        ledger = Ledger.create(path, runs=RUNS, clock=lambda: 0.0)
        followed: dict[tuple[int, int], IntervalRecord] = {}
        changes = 0
        for kind, seed, attempt, interval, which in steps:
            run = RunId("base", seed)
            record = replace(make_record(interval, seed=seed, attempt=attempt), val_loss=5.0 + which)
            expected = model.expect(kind, run, attempt, record)
            if expected is None:
                _take(ledger, kind, run, attempt, record)
            else:
                with pytest.raises(expected):
                    _take(ledger, kind, run, attempt, record)
            news = ledger.news(after=changes)
            changes = news.changes
            followed |= {(item.seed, item.interval): item for item in news.records}
        ledger.close()
        with reading_ledger(path) as reader:
            assert {(item.seed, item.interval): item for item in reader.records()} == model.records == followed
            assert {row.run: (row.attempt, row.state) for row in reader.runs()} == {
                run: (model.attempts[run], model.states[run]) for run in RUNS
            }
