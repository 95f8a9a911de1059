"""Tell apart why an attempt ended."""

import errno
import traceback
from collections.abc import Iterator

from configs.errors import LedgerError, NonFiniteLossError, StorageError, UnreachableError
from workers.records import FailureCause, RunId, SeedFailure

__all__ = ["cause_of", "failure_from"]

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
# safetensors and torch report these in words only.
_NO_SPACE_WORDS = (
    "os error 28)",
    "os error 122)",
    "no space left on device",
    "disk quota exceeded",
    "database or disk is full",
)
_NO_MEMORY_WORDS = ("can't allocate memory", "cannot allocate memory", "not enough memory", "out of memory")


def cause_of(error: BaseException) -> FailureCause:
    """Why an attempt ended, from the error that ended it or any error that this one was raised from."""
    for link in _chain(error):
        cause = _own_cause(link)
        if cause is not None:
            return cause
    return FailureCause.DEFECT


def failure_from(
    error: BaseException, *, run: RunId, attempt: int, step: int | None = None, cause: FailureCause | None = None
) -> SeedFailure:
    """The value that stands for an error that ended an attempt.

    Args:
        error: What was raised.
        run: The run that it ended.
        attempt: The attempt that it ended.
        step: The step that was being taken, where it is known.
        cause: Why, where the error alone does not tell.
    """
    return SeedFailure(
        run=run,
        attempt=attempt,
        cause=cause or cause_of(error),
        kind=type(error).__name__,
        message=str(error) or repr(error),
        traceback="".join(traceback.format_exception(error)),
        step=step,
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        yield error
        seen.add(id(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _own_cause(error: BaseException) -> FailureCause | None:
    if isinstance(error, NonFiniteLossError):
        return FailureCause.NON_FINITE
    if isinstance(error, UnreachableError):
        return FailureCause.LOST_WORKER
    if isinstance(error, StorageError):
        return FailureCause.STORAGE
    if isinstance(error, LedgerError):
        return FailureCause.DEFECT
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        return FailureCause.DISK_FULL
    words = str(error).lower()
    if _holds(words, _NO_SPACE_WORDS):
        return FailureCause.DISK_FULL
    if isinstance(error, MemoryError) or _holds(words, _NO_MEMORY_WORDS):
        return FailureCause.OUT_OF_MEMORY
    return None


def _holds(words: str, phrases: tuple[str, ...]) -> bool:
    return any(phrase in words for phrase in phrases)
