"""The tables of a ledger, and what one row of them means."""

from dataclasses import dataclass

from orchestrator.run_state import RunState
from workers.records import Completed, IntervalRecord, Outcome, RunId, SeedFailure, Stopped

__all__ = ["LEDGER_VERSION", "RUN_COLUMNS", "SCHEMA", "News", "RunRow", "ending_of", "run_row"]

LEDGER_VERSION = 1
RUN_COLUMNS = (
    "condition, seed, state, attempt, slot, message, step, tokens, train_loss, tokens_per_s, data_order_sha256"
)

SCHEMA = """
CREATE TABLE runs (
    condition TEXT NOT NULL, seed INTEGER NOT NULL, place INTEGER NOT NULL,
    state TEXT NOT NULL, attempt INTEGER NOT NULL DEFAULT 0, slot TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '', step INTEGER NOT NULL DEFAULT 0, tokens INTEGER NOT NULL DEFAULT 0,
    train_loss REAL, tokens_per_s REAL, data_order_sha256 TEXT,
    changed INTEGER NOT NULL, PRIMARY KEY (condition, seed)
);
CREATE TABLE attempts (
    condition TEXT NOT NULL, seed INTEGER NOT NULL, attempt INTEGER NOT NULL, slot TEXT NOT NULL,
    began_at REAL NOT NULL, ended_at REAL, outcome TEXT, detail TEXT, PRIMARY KEY (condition, seed, attempt)
);
CREATE TABLE records (
    condition TEXT NOT NULL, seed INTEGER NOT NULL, interval INTEGER NOT NULL,
    record TEXT NOT NULL, changed INTEGER NOT NULL, PRIMARY KEY (condition, seed, interval)
);
CREATE TABLE notices (changed INTEGER PRIMARY KEY, at REAL NOT NULL, message TEXT NOT NULL);
CREATE TABLE clock (changes INTEGER NOT NULL);
CREATE INDEX records_by_change ON records (changed);
CREATE INDEX runs_by_change ON runs (changed);
INSERT INTO clock VALUES (0);
"""


@dataclass(frozen=True, slots=True)
class RunRow:
    """What the ledger knows of one run."""

    run: RunId
    state: RunState
    attempt: int
    slot: str
    message: str
    step: int
    tokens: int
    train_loss: float | None
    tokens_per_s: float | None
    data_order_sha256: str | None


@dataclass(frozen=True, slots=True)
class News:
    """What changed in the ledger after some change count."""

    runs: tuple[RunRow, ...]
    """Changed runs, in the order of the experiment."""
    records: tuple[IntervalRecord, ...]
    """New or replaced records, in the order of arrival."""
    notices: tuple[str, ...]
    """Sentences for the reader, in the order of arrival."""
    changes: int
    """The count to ask with next time."""


def run_row(condition: str, seed: int, state: str, *rest: int | float | str | None) -> RunRow:
    """The values of `RUN_COLUMNS` as a row."""
    return RunRow(RunId(condition, seed), RunState(state), *rest)  # type: ignore[arg-type]


def ending_of(outcome: Outcome) -> tuple[str, str, str]:
    """What an attempt's row says of its outcome, the message for the run's row, and the detail for the attempt's."""
    match outcome:
        case Completed():
            return "completed", "", ""
        case Stopped(step=step):
            return "stopped", "", f"after step {step}"
        case SeedFailure():
            return outcome.cause, f"{outcome.kind}: {outcome.message}", outcome.traceback
