"""The durable collection of records, runs, attempts and events of one experiment."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self, final

from configs.errors import ConflictingRecordError, LedgerError, StaleAttemptError
from orchestrator.ledger_connection import connect, explain_trouble
from orchestrator.ledger_schema import LEDGER_VERSION, RUN_COLUMNS, SCHEMA, News, RunRow, ending_of, run_row
from orchestrator.restored_run import RestoredRun
from orchestrator.run_state import RunState
from workers.records import Completed, IntervalRecord, Outcome, ProgressSample, RunId

__all__ = ["Ledger", "reading_ledger"]


@final
class Ledger:
    """One SQLite file with one writer and any number of readers; every method leaves it durable.

    Args:
        connection: An open connection; use `Ledger.create`, `Ledger.open` or `Ledger.open_for_reading`.
        clock: Seconds since the epoch, noted beside attempts and events.
    """

    def __init__(self, connection: sqlite3.Connection, *, clock: Callable[[], float], is_reading: bool = False) -> None:
        self._connection = connection
        self._clock = clock
        self._is_reading = is_reading

    @classmethod
    def create(cls, path: Path, *, runs: Sequence[RunId], clock: Callable[[], float]) -> Self:
        """A new ledger in which every run waits.

        Raises:
            LedgerError: If there is a file at `path` already.
        """
        if path.exists():
            raise LedgerError(f"{path} exists already; a ledger is created once")
        connection = connect(path, is_reading=False)
        connection.executescript(f"BEGIN;{SCHEMA}PRAGMA user_version = {LEDGER_VERSION};COMMIT;")
        ledger = cls(connection, clock=clock)
        with ledger._change() as change:
            connection.executemany(
                "INSERT INTO runs (condition, seed, place, state, changed) VALUES (?, ?, ?, ?, ?)",
                [(run.condition, run.seed, place, RunState.WAITING, change) for place, run in enumerate(runs)],
            )
        return ledger

    @classmethod
    def open(cls, path: Path, *, clock: Callable[[], float]) -> Self:
        """An existing ledger, for its one writer.

        Raises:
            LedgerError: If there is none at `path`, or it is of another version or damaged.
        """
        return cls._opened(path, is_reading=False, clock=clock)

    @classmethod
    def open_for_reading(cls, path: Path) -> Self:
        """An existing ledger, for a reader beside its writer.

        Raises:
            LedgerError: As `open`.
        """
        return cls._opened(path, is_reading=True, clock=lambda: 0.0)

    @classmethod
    def _opened(cls, path: Path, *, is_reading: bool, clock: Callable[[], float]) -> Self:
        if not path.is_file():
            raise LedgerError(f"there is no ledger at {path}")
        try:
            connection = connect(path, is_reading=is_reading)
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise explain_trouble(error, f"{path} is not a readable ledger: {error}") from error
        if version != LEDGER_VERSION:
            raise LedgerError(f"{path} is a ledger of version {version}; this Seedscope reads {LEDGER_VERSION}")
        return cls(connection, clock=clock, is_reading=is_reading)

    def close(self) -> None:
        """Release the file; the writer leaves one file and no write-ahead log, unless somebody is reading."""
        if not self._is_reading:
            with suppress(sqlite3.OperationalError):
                self._connection.execute("PRAGMA journal_mode = DELETE")
        self._connection.close()

    def require_sound(self) -> None:
        """Read every page once.

        Raises:
            LedgerError: If one is damaged.
        """
        try:
            answers = [answer for (answer,) in self._connection.execute("PRAGMA quick_check")]
            self._records("ORDER BY condition, seed, interval")
        except (sqlite3.DatabaseError, ValueError) as error:
            raise explain_trouble(error, f"the ledger is damaged ({error})") from error
        if answers != ["ok"]:
            raise LedgerError(f"the ledger is damaged ({answers[0]})")

    def begin_attempt(self, run: RunId, *, slot: str) -> int:
        """Note that a new attempt at `run` holds `slot`; from now on older attempts are refused.

        Returns:
            The attempt's number, counted from 1.
        """
        with self._change() as change:
            attempt = self._attempt_of(run) + 1
            self._connection.execute(
                "UPDATE runs SET state = ?, attempt = ?, slot = ?, message = '', changed = ? "
                "WHERE condition = ? AND seed = ?",
                (RunState.STARTING, attempt, slot, change, run.condition, run.seed),
            )
            self._connection.execute(
                "INSERT INTO attempts (condition, seed, attempt, slot, began_at) VALUES (?, ?, ?, ?, ?)",
                (run.condition, run.seed, attempt, slot, self._clock()),
            )
        return attempt

    def add_record(self, record: IntervalRecord, *, attempt: int, publish: Callable[[], None] = lambda: None) -> None:
        """Keep a record. One that says the same again changes nothing, or only how the machine did.

        Args:
            record: What was measured, by this attempt or an older one of the same run.
            attempt: The attempt that reports it.
            publish: Gives the record's files their final names; called once nothing speaks against the record, while
                no newer attempt can begin. If it fails, the record is not kept.

        Raises:
            StaleAttemptError: If a newer attempt has begun.
            ConflictingRecordError: If another measurement stands for this run and interval.
        """
        with self._change() as change:
            self._require_newest(record.run, attempt)
            self._require_agreement(record)
            self._connection.execute(
                "INSERT INTO records VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET record = excluded.record, "
                "changed = excluded.changed WHERE record <> excluded.record",
                (record.condition, record.seed, record.interval, json.dumps(record.to_dict()), change),
            )
            self._note_progress(
                record.run,
                change,
                step=record.step,
                tokens=record.tokens,
                train_loss=record.train_loss,
                tokens_per_s=record.tokens_per_s,
            )
            publish()

    def restore_run(self, restored: RestoredRun) -> None:
        """Fill a new ledger with what is still known of a run."""
        run = restored.run
        with self._change() as change:
            for record in restored.records:
                self._connection.execute(
                    "INSERT INTO records VALUES (?, ?, ?, ?, ?)",
                    (record.condition, record.seed, record.interval, json.dumps(record.to_dict()), change),
                )
            if newest := restored.newest:
                self._note_progress(
                    run,
                    change,
                    step=newest.step,
                    tokens=newest.tokens,
                    train_loss=newest.train_loss,
                    tokens_per_s=newest.tokens_per_s,
                )
            self._connection.execute(
                "UPDATE runs SET state = ?, attempt = ?, data_order_sha256 = ?, changed = ? "
                "WHERE condition = ? AND seed = ?",
                (restored.state, restored.attempt, restored.data_order_sha256, change, run.condition, run.seed),
            )

    def add_progress(self, sample: ProgressSample) -> None:
        """Note where a run stands.

        Raises:
            StaleAttemptError: If a newer attempt has begun.
        """
        with self._change() as change:
            self._require_newest(sample.run, sample.attempt)
            self._note_progress(
                sample.run,
                change,
                step=sample.step,
                tokens=sample.tokens,
                train_loss=sample.train_loss,
                tokens_per_s=sample.tokens_per_s,
            )

    def while_newest(self, run: RunId, *, attempt: int, act: Callable[[], str]) -> None:
        """Do something on behalf of an attempt while no newer one can begin, and keep the sentence that says so.

        Raises:
            StaleAttemptError: If a newer attempt has begun; nothing is done then.
        """
        with self._change() as change:
            self._require_newest(run, attempt)
            self._connection.execute("INSERT INTO notices VALUES (?, ?, ?)", (change, self._clock(), act()))

    def end_attempt(self, outcome: Outcome, *, state: RunState) -> None:
        """Note how an attempt ended.

        Args:
            outcome: How.
            state: Where that leaves the run: an attempt that failed may be followed by another.

        Raises:
            StaleAttemptError: If a newer attempt has begun.
        """
        ending, message, detail = ending_of(outcome)
        data_order_sha256 = outcome.data_order_sha256 if isinstance(outcome, Completed) else None
        run = outcome.run
        with self._change() as change:
            if self._ending_of(run, outcome.attempt) == ending:
                return  # said again by a caller that did not hear the answer
            self._require_newest(run, outcome.attempt)
            self._connection.execute(
                "UPDATE runs SET state = ?, message = ?, data_order_sha256 = ?, changed = ? "
                "WHERE condition = ? AND seed = ?",
                (state, message, data_order_sha256, change, run.condition, run.seed),
            )
            self._connection.execute(
                "UPDATE attempts SET ended_at = ?, outcome = ?, detail = ? "
                "WHERE condition = ? AND seed = ? AND attempt = ?",
                (self._clock(), ending, detail, run.condition, run.seed, outcome.attempt),
            )

    def add_notice(self, message: str) -> None:
        """Keep a sentence for the reader."""
        with self._change() as change:
            self._connection.execute("INSERT INTO notices VALUES (?, ?, ?)", (change, self._clock(), message))

    def notices(self) -> tuple[str, ...]:
        """All sentences kept, in the order of arrival."""
        return self._notices(after=0)

    def records(self) -> tuple[IntervalRecord, ...]:
        """All records, by condition, seed and interval."""
        return self._records("ORDER BY condition, seed, interval")

    def runs(self) -> tuple[RunRow, ...]:
        """All runs, in the order of the experiment."""
        return self._runs("ORDER BY place")

    def news(self, *, after: int) -> News:
        """What changed since the change count `after`; 0 asks for everything."""
        self._connection.execute("BEGIN")
        try:
            (changes,) = self._connection.execute("SELECT changes FROM clock").fetchone()
            return News(
                runs=self._runs("WHERE changed > ? ORDER BY place", after),
                records=self._records("WHERE changed > ? ORDER BY changed", after),
                notices=self._notices(after=after),
                changes=changes,
            )
        finally:
            self._connection.execute("COMMIT")

    @contextmanager
    def _change(self) -> Iterator[int]:
        """One transaction, which yields its number; it is on disk when the block is left."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.execute("UPDATE clock SET changes = changes + 1")
            (change,) = self._connection.execute("SELECT changes FROM clock").fetchone()
            yield change
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _attempt_of(self, run: RunId) -> int:
        row = self._connection.execute(
            "SELECT attempt FROM runs WHERE condition = ? AND seed = ?", (run.condition, run.seed)
        ).fetchone()
        if row is None:
            raise LedgerError(f"{run} is not a run of this experiment")
        return int(row[0])

    def _require_newest(self, run: RunId, attempt: int) -> None:
        newest = self._attempt_of(run)
        if attempt != newest:
            raise StaleAttemptError(f"attempt {attempt} at {run} was given up; attempt {newest} goes on")
        ending = self._ending_of(run, attempt)
        if ending is not None:
            raise StaleAttemptError(f"attempt {attempt} at {run} has ended ({ending}) and can report no more")

    def _ending_of(self, run: RunId, attempt: int) -> str | None:
        row = self._connection.execute(
            "SELECT outcome FROM attempts WHERE condition = ? AND seed = ? AND attempt = ?",
            (run.condition, run.seed, attempt),
        ).fetchone()
        return None if row is None else row[0]

    def _require_agreement(self, record: IntervalRecord) -> None:
        row = self._connection.execute(
            "SELECT record FROM records WHERE condition = ? AND seed = ? AND interval = ?",
            (record.condition, record.seed, record.interval),
        ).fetchone()
        if row is None:
            return
        present = IntervalRecord.from_dict(json.loads(row[0])).learning()
        offered = record.learning()
        differing = [name for name, value in present.items() if value != offered[name]]
        if differing:
            raise ConflictingRecordError(
                f"{record.run} interval {record.interval} was measured before with other values of "
                f"{', '.join(differing)}; training was not deterministic"
            )

    def _note_progress(
        self, run: RunId, change: int, *, step: int, tokens: int, train_loss: float | None, tokens_per_s: float | None
    ) -> None:
        self._connection.execute(
            "UPDATE runs SET state = ?, step = ?, tokens = ?, train_loss = ?, tokens_per_s = ?, changed = ? "
            "WHERE condition = ? AND seed = ?",
            (RunState.TRAINING, step, tokens, train_loss, tokens_per_s, change, run.condition, run.seed),
        )

    def _records(self, clause: str, *values: int) -> tuple[IntervalRecord, ...]:
        rows = self._connection.execute(f"SELECT record FROM records {clause}", values)  # noqa: S608, our own clauses
        return tuple(IntervalRecord.from_dict(json.loads(text)) for (text,) in rows)

    def _notices(self, *, after: int) -> tuple[str, ...]:
        rows = self._connection.execute("SELECT message FROM notices WHERE changed > ? ORDER BY changed", (after,))
        return tuple(message for (message,) in rows)

    def _runs(self, clause: str, *values: int) -> tuple[RunRow, ...]:
        rows = self._connection.execute(f"SELECT {RUN_COLUMNS} FROM runs {clause}", values)  # noqa: S608, as above
        return tuple(run_row(*row) for row in rows)


@contextmanager
def reading_ledger(path: Path) -> Iterator[Ledger]:
    """A ledger opened for reading for the time of the block.

    Raises:
        LedgerError: As `Ledger.open`.
    """
    ledger = Ledger.open_for_reading(path)
    try:
        yield ledger
    finally:
        ledger.close()
