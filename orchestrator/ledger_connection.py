"""Connect to a ledger's SQLite file in the way that its file system can bear."""

import sqlite3
from pathlib import Path

from configs.errors import LedgerError, RunDirectoryError, SeedscopeError
from orchestrator.file_system import is_on_network

__all__ = ["connect", "explain_trouble"]

_LOCK_TIMEOUT_S = 30.0
_NOT_NOW = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)


def connect(path: Path, *, is_reading: bool) -> sqlite3.Connection:
    """A connection without implicit transactions, whose commits are on disk when they return.

    Args:
        path: The file; a writer creates it if it is missing.
        is_reading: Whether this connection only reads.
    """
    location = f"file:{_uri_escaped(str(path))}?mode={'rw' if is_reading else 'rwc'}"
    connection = sqlite3.connect(location, uri=True, isolation_level=None, timeout=_LOCK_TIMEOUT_S)
    if is_reading:
        # Not mode=ro: SQLite must be able to roll back what a killed writer left half done. Nothing else is written.
        connection.execute("PRAGMA query_only = ON")
    else:
        # The write-ahead log needs memory that all processes share, which network file systems do not have.
        connection.execute(f"PRAGMA journal_mode = {'DELETE' if is_on_network(path.parent) else 'WAL'}")
        connection.execute("PRAGMA synchronous = FULL")
    return connection


def explain_trouble(error: Exception, damage: str) -> SeedscopeError:
    """What an error of SQLite means to whoever reads a ledger.

    Args:
        error: What SQLite raised.
        damage: What to say if the file itself is at fault.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the upper bits tell details
    if code in _NOT_NOW:
        return RunDirectoryError(f"the ledger cannot be read now ({error}); try again when nobody else is using it")
    return LedgerError(damage)


def _uri_escaped(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
