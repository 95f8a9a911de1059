"""Connect to a ledger's SQLite file in the way that its file system can bear."""

import sqlite3
from pathlib import Path

from orchestrator.file_system import is_on_network

__all__ = ["connect"]

_LOCK_TIMEOUT_S = 30.0


def connect(path: Path, *, is_reading: bool) -> sqlite3.Connection:
    """A connection without implicit transactions, whose commits are on disk when they return.

    Args:
        path: The file; a writer creates it if it is missing.
        is_reading: Whether this connection only reads.
    """
    location = f"file:{_uri_escaped(str(path))}?mode={'ro' if is_reading else 'rwc'}"
    connection = sqlite3.connect(location, uri=True, isolation_level=None, timeout=_LOCK_TIMEOUT_S)
    if not is_reading:
        # The write-ahead log needs memory that all processes share, which network file systems do not have.
        connection.execute(f"PRAGMA journal_mode = {'DELETE' if is_on_network(path.parent) else 'WAL'}")
        connection.execute("PRAGMA synchronous = FULL")
    return connection


def _uri_escaped(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
