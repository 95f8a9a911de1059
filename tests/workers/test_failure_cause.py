"""An attempt that ended has one cause, told apart by what was raised and by what that was raised from."""

import errno
import pickle
import sqlite3

import pytest
import torch
from safetensors import SafetensorError

from configs.errors import CheckpointError, ConflictingRecordError, LedgerError, NonFiniteLossError, StaleAttemptError
from workers.failure_cause import cause_of, failure_from
from workers.records import FailureCause, RunId

RUN = RunId("base", 1)
SAFETENSORS_FULL = "Error while serializing: I/O error: No space left on device (os error 28)"
SQLITE_FULL = "database or disk is full"


def raised_from(error: BaseException, *causes: BaseException) -> BaseException:
    """`error` as it is after it was raised from the first cause, that one from the second, and so on."""
    for effect, cause in zip((error, *causes), causes, strict=False):
        effect.__cause__ = cause
    return error


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT], ids=["ENOSPC", "EDQUOT"])
def test_disk_without_space_is_told_by_the_number_of_its_error(number):
    assert cause_of(OSError(number, "words of the platform")) is FailureCause.DISK_FULL


def test_disk_without_space_is_told_by_the_words_of_safetensors():
    assert cause_of(SafetensorError(SAFETENSORS_FULL)) is FailureCause.DISK_FULL
    assert cause_of(SafetensorError("Error while serializing: IoError (os error 28)")) is FailureCause.DISK_FULL


def test_disk_without_space_is_told_by_the_words_of_sqlite():
    assert cause_of(sqlite3.OperationalError(SQLITE_FULL)) is FailureCause.DISK_FULL


def test_disk_without_space_is_told_by_the_words_of_torch():
    error = RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos: No space left on device")

    assert cause_of(error) is FailureCause.DISK_FULL


def test_full_database_is_told_when_sqlite_itself_says_so(tmp_path):
    connection = sqlite3.connect(tmp_path / "small.sqlite")
    connection.execute("PRAGMA max_page_count=2")
    connection.execute("CREATE TABLE t (x)")
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    connection.close()

    assert cause_of(caught.value) is FailureCause.DISK_FULL


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ENOENT, errno.EROFS])
def test_other_trouble_with_a_file_is_a_defect(number):
    assert cause_of(OSError(number, "words")) is FailureCause.DEFECT


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        MemoryError("Unable to allocate 8.00 EiB for an array"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
            "you tried to allocate 4503599627370496 bytes. Error code 12 (Cannot allocate memory)"
        ),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
    ],
    ids=["bare", "numpy", "ENOMEM", "torch", "torch on Windows"],
)
def test_lack_of_memory_is_told(error):
    assert cause_of(error) is FailureCause.OUT_OF_MEMORY


def test_lack_of_memory_is_told_when_torch_itself_says_so():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50)

    assert cause_of(caught.value) is FailureCause.OUT_OF_MEMORY


def test_loss_that_is_not_finite_is_told():
    assert cause_of(NonFiniteLossError("step 3 gave loss=nan")) is FailureCause.NON_FINITE


def test_cause_lies_anywhere_in_the_chain():
    full = OSError(errno.ENOSPC, "No space left on device")

    assert cause_of(raised_from(CheckpointError("incomplete"), full)) is FailureCause.DISK_FULL
    assert cause_of(raised_from(CheckpointError("a"), RuntimeError("b"), full)) is FailureCause.DISK_FULL
    assert cause_of(raised_from(RuntimeError("a"), MemoryError())) is FailureCause.OUT_OF_MEMORY
    assert cause_of(raised_from(RuntimeError("a"), NonFiniteLossError("b"))) is FailureCause.NON_FINITE


def test_outermost_known_cause_counts():
    error = raised_from(NonFiniteLossError("a"), MemoryError())

    assert cause_of(error) is FailureCause.NON_FINITE


@pytest.mark.parametrize("kind", [LedgerError, StaleAttemptError, ConflictingRecordError])
def test_refusal_of_the_ledger_is_a_defect_whatever_it_was_raised_from(kind):
    error = raised_from(kind("the ledger refuses"), OSError(errno.ENOSPC, "No space left on device"))

    assert cause_of(error) is FailureCause.DEFECT


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyError("x"), AssertionError(), RuntimeError("shapes differ"), CheckpointError("x")]
)
def test_anything_else_is_a_defect(error):
    assert cause_of(error) is FailureCause.DEFECT


def test_failure_says_what_happened_to_whom():
    try:
        raise OSError(errno.ENOSPC, "No space left on device", "weights")
    except OSError as error:
        failure = failure_from(error, run=RUN, attempt=3, step=7)

    assert (failure.run, failure.attempt, failure.step) == (RUN, 3, 7)
    assert failure.cause is FailureCause.DISK_FULL
    assert failure.kind == "OSError"
    assert failure.message == "[Errno 28] No space left on device: 'weights'"
    assert failure.traceback.startswith("Traceback (most recent call last):")
    assert "test_failure_says_what_happened_to_whom" in failure.traceback


def test_failure_of_an_error_without_words_shows_its_class():
    assert failure_from(AssertionError(), run=RUN, attempt=1).message == "AssertionError()"


def test_failure_shows_what_its_error_was_raised_from():
    try:
        raise RuntimeError("after") from ValueError("before")
    except RuntimeError as error:
        failure = failure_from(error, run=RUN, attempt=1)

    assert failure.message == "after"
    assert "ValueError: before" in failure.traceback


def test_cause_that_is_known_otherwise_is_taken():
    failure = failure_from(ValueError("x"), run=RUN, attempt=1, cause=FailureCause.LOST_WORKER)

    assert failure.cause is FailureCause.LOST_WORKER


def test_failure_crosses_a_process():
    failure = failure_from(MemoryError(), run=RUN, attempt=1)

    assert pickle.loads(pickle.dumps(failure)) == failure
