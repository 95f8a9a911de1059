"""The ledger keeps what it was told, once, and refuses what contradicts it."""

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from configs.errors import ConflictingRecordError, LedgerError, StaleAttemptError
from orchestrator.ledger import Ledger, reading_ledger
from orchestrator.restored_run import RestoredRun
from orchestrator.run_state import RunState
from workers.records import Completed, FailureCause, IntervalRecord, ProgressSample, RunId, SeedFailure, Stopped

RUN = RunId("base", 1)
MakeRecord = Callable[..., IntervalRecord]


def _sample(attempt: int) -> ProgressSample:
    return ProgressSample("base", 1, attempt, step=3, tokens=192, train_loss=5.0, tokens_per_s=900.0)


def _failure(attempt: int, cause: FailureCause = FailureCause.LOST_WORKER) -> SeedFailure:
    return SeedFailure(RUN, attempt, cause, "OSError", "gone", "Traceback", 7)


def test_new_ledger_holds_every_run_waiting_in_the_given_order(ledger: Ledger, two_runs: tuple[RunId, RunId]) -> None:
    rows = ledger.runs()

    assert [(row.run, row.state, row.attempt) for row in rows] == [(run, RunState.WAITING, 0) for run in two_runs]


def test_ledger_is_created_once(ledger_file: Path) -> None:
    with pytest.raises(LedgerError, match="exists already"):
        Ledger.create(ledger_file, runs=(RUN,), clock=lambda: 0.0)


def test_records_survive_a_writer_that_never_closes(ledger_file: Path, ledger: Ledger, make_record: MakeRecord) -> None:
    attempt = ledger.begin_attempt(RUN, slot="local:0")
    ledger.add_record(make_record(0), attempt=attempt)

    with reading_ledger(ledger_file) as reader:
        assert reader.records() == (make_record(0),)


def test_reopened_ledger_holds_what_was_written(ledger_file: Path, make_record: MakeRecord) -> None:
    first = Ledger.open(ledger_file, clock=lambda: 3.0)
    first.add_record(make_record(0), attempt=first.begin_attempt(RUN, slot="local:0"))
    first.end_attempt(Completed(RUN, 1, "b" * 64), state=RunState.COMPLETED)
    before = (first.runs(), first.records())
    first.close()

    with reading_ledger(ledger_file) as again:
        assert (again.runs(), again.records()) == before


def test_reader_sees_what_the_writer_beside_it_adds(ledger_file: Path, ledger: Ledger, make_record: MakeRecord) -> None:
    with reading_ledger(ledger_file) as reader:
        before = reader.news(after=0)
        ledger.add_record(make_record(0), attempt=ledger.begin_attempt(RUN, slot="local:0"))
        after = reader.news(after=before.changes)

    assert (before.records, after.records) == ((), (make_record(0),))


def test_reader_cannot_write(ledger_file: Path) -> None:
    with reading_ledger(ledger_file) as reader, pytest.raises(sqlite3.OperationalError):
        reader.begin_attempt(RUN, slot="local:0")


def test_closed_writer_leaves_one_file(ledger_file: Path, make_record: MakeRecord) -> None:
    ledger = Ledger.open(ledger_file, clock=lambda: 3.0)
    ledger.add_record(make_record(0), attempt=ledger.begin_attempt(RUN, slot="local:0"))

    ledger.close()

    assert [path.name for path in ledger_file.parent.iterdir()] == ["ledger.sqlite"]


def test_attempts_are_counted_from_one(ledger: Ledger) -> None:
    attempts = [ledger.begin_attempt(RUN, slot="local:0") for _ in range(3)]

    assert attempts == [1, 2, 3]


def test_identical_record_changes_no_record(ledger: Ledger, make_record: MakeRecord) -> None:
    attempt = ledger.begin_attempt(RUN, slot="local:0")
    ledger.add_record(make_record(0), attempt=attempt)
    changes = ledger.news(after=0).changes

    ledger.add_record(make_record(0), attempt=attempt)

    assert ledger.news(after=changes).records == ()
    assert ledger.records() == (make_record(0),)


def test_later_attempt_that_learnt_the_same_replaces_the_usage(ledger: Ledger, make_record: MakeRecord) -> None:
    ledger.add_record(make_record(0), attempt=ledger.begin_attempt(RUN, slot="local:0"))
    later = make_record(0, attempt=2, tokens_per_s=2000.0, elapsed_s=9.0, cores=(1,), host="another host")

    ledger.add_record(later, attempt=ledger.begin_attempt(RUN, slot="local:1"))

    assert ledger.records() == (later,)


@pytest.mark.parametrize(
    "changes", [{"val_loss": 5.250000000000001}, {"weights_sha256": "2" * 64}, {"train_loss": None}]
)
def test_record_that_learnt_something_else_is_a_conflict_and_changes_nothing(
    ledger: Ledger, make_record: MakeRecord, changes: dict[str, object]
) -> None:
    ledger.add_record(make_record(0), attempt=ledger.begin_attempt(RUN, slot="local:0"))
    attempt = ledger.begin_attempt(RUN, slot="local:0")

    with pytest.raises(ConflictingRecordError, match=f"base/seed-1 interval 0.*{next(iter(changes))}"):
        ledger.add_record(make_record(0, attempt=2, **changes), attempt=attempt)

    assert ledger.records() == (make_record(0),)


@pytest.mark.parametrize("kind", ["record", "progress", "completed", "stopped", "failed", "anything else"])
def test_older_attempt_is_refused_whatever_it_says(ledger: Ledger, make_record: MakeRecord, kind: str) -> None:
    ledger.begin_attempt(RUN, slot="local:0")
    ledger.begin_attempt(RUN, slot="local:1")
    say = {
        "record": lambda: ledger.add_record(make_record(0), attempt=1),
        "progress": lambda: ledger.add_progress(_sample(1)),
        "completed": lambda: ledger.end_attempt(Completed(RUN, 1, "b"), state=RunState.COMPLETED),
        "stopped": lambda: ledger.end_attempt(Stopped(RUN, 1, 3), state=RunState.STOPPED),
        "failed": lambda: ledger.end_attempt(_failure(1), state=RunState.FAILED),
        "anything else": lambda: ledger.while_newest(RUN, attempt=1, act=lambda: "done on its behalf"),
    }[kind]
    before = ledger.news(after=0)

    with pytest.raises(StaleAttemptError, match=r"attempt 1 .* given up; attempt 2 goes on"):
        say()

    assert ledger.news(after=0) == before


@pytest.mark.parametrize("kind", ["record", "progress", "another ending", "anything else"])
def test_attempt_that_has_ended_is_refused(ledger: Ledger, make_record: MakeRecord, kind: str) -> None:
    attempt = ledger.begin_attempt(RUN, slot="local:0")
    ledger.end_attempt(_failure(attempt), state=RunState.WAITING)
    say = {
        "record": lambda: ledger.add_record(make_record(0), attempt=attempt),
        "progress": lambda: ledger.add_progress(_sample(attempt)),
        "another ending": lambda: ledger.end_attempt(Completed(RUN, attempt, "b"), state=RunState.COMPLETED),
        "anything else": lambda: ledger.while_newest(RUN, attempt=attempt, act=lambda: "done on its behalf"),
    }[kind]
    before = ledger.news(after=0)

    with pytest.raises(StaleAttemptError, match=r"has ended \(lost worker\) and can report no more"):
        say()

    assert ledger.news(after=0) == before


def test_same_ending_said_twice_is_heard_once(ledger: Ledger) -> None:
    attempt = ledger.begin_attempt(RUN, slot="local:0")
    ledger.end_attempt(Completed(RUN, attempt, "b" * 64), state=RunState.COMPLETED)
    heard = ledger.news(after=0)

    ledger.end_attempt(Completed(RUN, attempt, "b" * 64), state=RunState.COMPLETED)

    again = ledger.news(after=heard.changes)
    assert (again.runs, ledger.runs()) == ((), tuple(heard.runs))


def test_ending_said_again_after_the_next_attempt_began_changes_nothing(ledger: Ledger) -> None:
    ledger.end_attempt(_failure(ledger.begin_attempt(RUN, slot="local:0")), state=RunState.WAITING)
    ledger.begin_attempt(RUN, slot="local:1")
    before = ledger.runs()

    ledger.end_attempt(_failure(1), state=RunState.WAITING)

    assert ledger.runs() == before


def test_newer_attempt_passes_on_the_record_of_an_older_one(ledger: Ledger, make_record: MakeRecord) -> None:
    ledger.begin_attempt(RUN, slot="local:0")
    attempt = ledger.begin_attempt(RUN, slot="local:0")

    ledger.add_record(make_record(0, attempt=1), attempt=attempt)

    assert ledger.records() == (make_record(0, attempt=1),)


@pytest.mark.parametrize(
    ("outcome", "state", "message"),
    [
        (Completed(RUN, 1, "b" * 64), RunState.COMPLETED, ""),
        (Stopped(RUN, 1, 7), RunState.STOPPED, ""),
        (_failure(1), RunState.FAILED, "OSError: gone"),
        (_failure(1), RunState.WAITING, "OSError: gone"),
        (_failure(1, FailureCause.DISK_FULL), RunState.STOPPED, "OSError: gone"),
    ],
)
def test_ended_attempt_leaves_its_run_in_the_state_that_was_decided(
    ledger: Ledger, outcome: Completed | Stopped | SeedFailure, state: RunState, message: str
) -> None:
    ledger.begin_attempt(RUN, slot="local:0")

    ledger.end_attempt(outcome, state=state)

    row = next(row for row in ledger.runs() if row.run == RUN)
    assert (row.state, row.message) == (state, message)


def test_data_order_of_a_completed_run_is_kept(ledger: Ledger) -> None:
    ledger.begin_attempt(RUN, slot="local:0")

    ledger.end_attempt(Completed(RUN, 1, "b" * 64), state=RunState.COMPLETED)

    assert {row.run.seed: row.data_order_sha256 for row in ledger.runs()} == {1: "b" * 64, 2: None}


def test_next_attempt_forgets_the_message_of_the_failed_one(ledger: Ledger) -> None:
    ledger.end_attempt(_failure(ledger.begin_attempt(RUN, slot="local:0")), state=RunState.WAITING)

    ledger.begin_attempt(RUN, slot="local:1")

    row = next(row for row in ledger.runs() if row.run == RUN)
    assert (row.attempt, row.slot, row.state, row.message) == (2, "local:1", RunState.STARTING, "")


def test_record_is_published_before_it_is_kept(ledger: Ledger, ledger_file: Path, make_record: MakeRecord) -> None:
    attempt = ledger.begin_attempt(RUN, slot="local:0")
    seen = []

    def publish() -> None:
        with reading_ledger(ledger_file) as reader:
            seen.append(reader.records())

    ledger.add_record(make_record(0), attempt=attempt, publish=publish)

    assert (seen, ledger.records()) == ([()], (make_record(0),))


def test_record_whose_files_cannot_be_published_is_not_kept(ledger: Ledger, make_record: MakeRecord) -> None:
    attempt = ledger.begin_attempt(RUN, slot="local:0")
    before = ledger.news(after=0)

    def publish() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        ledger.add_record(make_record(0), attempt=attempt, publish=publish)

    assert ledger.news(after=0) == before


@pytest.mark.parametrize("speaks_against", ["a newer attempt", "another measurement"])
def test_record_that_is_refused_is_not_published(ledger: Ledger, make_record: MakeRecord, speaks_against: str) -> None:
    ledger.add_record(make_record(0), attempt=ledger.begin_attempt(RUN, slot="local:0"))
    if speaks_against == "a newer attempt":
        ledger.begin_attempt(RUN, slot="local:1")
    published = []

    with pytest.raises(LedgerError):
        ledger.add_record(make_record(0, val_loss=1.0), attempt=1, publish=lambda: published.append(True))

    assert published == []


def test_no_attempt_begins_while_a_record_is_published(
    ledger: Ledger, ledger_file: Path, make_record: MakeRecord
) -> None:
    attempt = ledger.begin_attempt(RUN, slot="local:0")
    refused = []

    def publish() -> None:
        other = sqlite3.connect(ledger_file, timeout=0.0, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            refused.append(str(error))
        finally:
            other.close()

    ledger.add_record(make_record(0), attempt=attempt, publish=publish)

    assert refused == ["database is locked"]


def test_notices_come_in_the_order_of_their_arrival_and_as_news_once(ledger: Ledger) -> None:
    ledger.add_notice("Node a is gone.")
    seen = ledger.news(after=0)
    ledger.while_newest(RUN, attempt=ledger.begin_attempt(RUN, slot="local:0"), act=lambda: "Something was set aside.")

    news = ledger.news(after=seen.changes)

    assert (seen.notices, news.notices) == (("Node a is gone.",), ("Something was set aside.",))
    assert ledger.notices() == ("Node a is gone.", "Something was set aside.")


def test_what_fails_on_behalf_of_an_attempt_leaves_no_notice(ledger: Ledger) -> None:
    attempt = ledger.begin_attempt(RUN, slot="local:0")

    def act() -> str:
        raise OSError("not permitted")

    with pytest.raises(OSError, match="not permitted"):
        ledger.while_newest(RUN, attempt=attempt, act=act)

    assert ledger.notices() == ()


def test_restored_run_waits_after_its_newest_interval(ledger: Ledger, make_record: MakeRecord) -> None:
    records = (make_record(0, attempt=1), make_record(1, attempt=3), make_record(2, attempt=2))

    ledger.restore_run(RestoredRun(RUN, records, attempt=4, data_order_sha256=None))

    row = next(row for row in ledger.runs() if row.run == RUN)
    assert ledger.records() == records
    assert (row.state, row.step, row.tokens) == (RunState.WAITING, 8, 512)
    assert row.train_loss == records[-1].train_loss
    assert ledger.begin_attempt(RUN, slot="local:0") == 5


def test_run_restored_with_its_data_order_is_complete(ledger: Ledger, make_record: MakeRecord) -> None:
    ledger.restore_run(RestoredRun(RUN, (make_record(0), make_record(1)), attempt=1, data_order_sha256="0" * 64))

    row = next(row for row in ledger.runs() if row.run == RUN)
    assert (row.state, row.attempt, row.data_order_sha256) == (RunState.COMPLETED, 1, "0" * 64)


def test_progress_moves_a_run_to_training(ledger: Ledger) -> None:
    ledger.begin_attempt(RUN, slot="local:0")

    ledger.add_progress(_sample(1))

    row = next(row for row in ledger.runs() if row.run == RUN)
    assert (row.state, row.step, row.tokens, row.train_loss) == (RunState.TRAINING, 3, 192, 5.0)


def test_news_hold_what_changed_since_the_count_and_nothing_else(ledger: Ledger, make_record: MakeRecord) -> None:
    attempt = ledger.begin_attempt(RUN, slot="local:0")
    ledger.add_record(make_record(0), attempt=attempt)
    seen = ledger.news(after=0)
    ledger.add_record(make_record(1), attempt=attempt)

    news = ledger.news(after=seen.changes)

    assert news.records == (make_record(1),)
    assert [row.run for row in news.runs] == [RUN]
    assert news.changes > seen.changes


def test_no_news_is_empty(ledger: Ledger) -> None:
    seen = ledger.news(after=0)

    again = ledger.news(after=seen.changes)

    assert (again.runs, again.records, again.notices, again.changes) == ((), (), (), seen.changes)


def test_news_give_records_in_the_order_of_their_arrival(ledger: Ledger, make_record: MakeRecord) -> None:
    other = RunId("base", 2)
    first, second = ledger.begin_attempt(other, slot="local:0"), ledger.begin_attempt(RUN, slot="local:1")
    arrived = [make_record(0, seed=2), make_record(0), make_record(1, seed=2), make_record(1)]
    for record in arrived:
        ledger.add_record(record, attempt=first if record.seed == 2 else second)

    assert list(ledger.news(after=0).records) == arrived


def test_unknown_run_is_refused(ledger: Ledger, make_record: MakeRecord) -> None:
    with pytest.raises(LedgerError, match="base/seed-3 is not a run of this experiment"):
        ledger.add_record(make_record(0, seed=3), attempt=1)


def test_missing_ledger_is_an_error_and_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="there is no ledger"):
        Ledger.open(tmp_path / "ledger.sqlite", clock=lambda: 0.0)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_reading", [False, True])
def test_file_that_is_no_database_is_an_error(tmp_path: Path, is_reading: bool) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"this is no database at all, " * 200)

    with pytest.raises(LedgerError, match="not a readable ledger"):
        Ledger.open_for_reading(path) if is_reading else Ledger.open(path, clock=lambda: 0.0)


def test_empty_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.touch()

    with pytest.raises(LedgerError, match="version 0"):
        Ledger.open(path, clock=lambda: 0.0)


def test_ledger_of_another_version_is_an_error(ledger_file: Path) -> None:
    connection = sqlite3.connect(ledger_file)
    connection.execute("PRAGMA user_version = 7")
    connection.close()

    with pytest.raises(LedgerError, match="version 7; this Seedscope reads 1"):
        Ledger.open_for_reading(ledger_file)


def test_damaged_pages_are_a_ledger_error(ledger_file: Path) -> None:
    size = ledger_file.stat().st_size
    with ledger_file.open("r+b") as file:
        file.seek(200)
        file.write(b"\xff" * (size - 200))

    with pytest.raises(LedgerError), reading_ledger(ledger_file) as reader:
        reader.require_sound()


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_truncated_ledger_is_not_sound(ledger_file: Path, kept: float) -> None:
    with ledger_file.open("r+b") as file:
        file.truncate(int(kept * ledger_file.stat().st_size))

    with pytest.raises(LedgerError), reading_ledger(ledger_file) as reader:
        reader.require_sound()


def test_record_that_cannot_be_understood_is_not_sound(
    ledger_file: Path, ledger: Ledger, make_record: MakeRecord
) -> None:
    ledger.add_record(make_record(0), attempt=ledger.begin_attempt(RUN, slot="local:0"))
    connection = sqlite3.connect(ledger_file)
    with connection:
        connection.execute("UPDATE records SET record = substr(record, 1, 40)")
    connection.close()

    with pytest.raises(LedgerError, match="the ledger is damaged"):
        ledger.require_sound()


def test_whole_ledger_is_sound(ledger: Ledger, make_record: MakeRecord) -> None:
    ledger.add_record(make_record(0), attempt=ledger.begin_attempt(RUN, slot="local:0"))

    ledger.require_sound()


def test_what_a_killed_writer_committed_is_there_for_whoever_opens_next(
    ledger_file: Path, ledger: Ledger, make_record: MakeRecord, tmp_path: Path
) -> None:
    ledger.add_record(make_record(0), attempt=ledger.begin_attempt(RUN, slot="local:0"))
    # A copy of all files beside an open writer is what a kill leaves on disk.
    (tmp_path / "killed").mkdir()
    for file in ledger_file.parent.glob("ledger.sqlite*"):
        shutil.copy(file, tmp_path / "killed")

    again = Ledger.open(tmp_path / "killed" / "ledger.sqlite", clock=lambda: 3.0)

    assert again.records() == (make_record(0),)
    again.close()
    assert [path.name for path in (tmp_path / "killed").iterdir()] == ["ledger.sqlite"]


@pytest.mark.parametrize("name", ["a b", "100%", "what?", "no #1", "ünï", "%3f"])
def test_any_directory_name_will_do(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "ledger.sqlite"
    path.parent.mkdir()

    Ledger.create(path, runs=(RUN,), clock=lambda: 0.0).close()

    with reading_ledger(path) as reader:
        assert [row.run for row in reader.runs()] == [RUN]
    assert [child.name for child in tmp_path.iterdir()] == [name]


def test_floats_come_back_to_the_last_bit(ledger: Ledger, make_record: MakeRecord) -> None:
    record = replace(make_record(0), val_loss=0.1 + 0.2, val_loss_se=5e-324, grad_norm=1.7976931348623157e308)

    ledger.add_record(record, attempt=ledger.begin_attempt(RUN, slot="local:0"))

    assert ledger.records() == (record,)
