"""Read a CSV or Parquet file, or say in one sentence why it cannot be read."""

import csv
import io
from pathlib import Path

import pandas as pd
import pyarrow as pa

from analysis.table import TABLE_COLUMNS, with_table_types
from configs.errors import TableError

__all__ = ["read_table"]

PARQUET_MAGIC = b"PAR1"
MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A")


def read_table(path: Path) -> pd.DataFrame:
    """Read a table in long form; the content, not the name, tells Parquet from CSV.

    Args:
        path: CSV in UTF-8 with a header, or Parquet.

    Returns:
        The table; Seedscope's own table gets its column types back.

    Raises:
        TableError: If the file is absent, empty, binary, undecodable or malformed.
    """
    content = _content(path)
    table = _from_parquet(path, content) if content.startswith(PARQUET_MAGIC) else _from_csv(path, content)
    if tuple(table.columns) != TABLE_COLUMNS:
        return table
    try:
        return with_table_types(table)
    except (TypeError, ValueError) as error:
        raise TableError(f"{path} has the columns of table.csv but not its types: {_first_line(error)}") from error


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from error
    if not content.strip():
        raise TableError(f"{path} is empty; give a CSV or Parquet file with one row per cell")
    return content


def _from_parquet(path: Path, content: bytes) -> pd.DataFrame:
    try:
        return pd.read_parquet(io.BytesIO(content), engine="pyarrow")
    except (pa.ArrowException, OSError, ValueError) as error:
        raise TableError(f"{path} is not a readable Parquet file: {_first_line(error)}") from error


def _from_csv(path: Path, content: bytes) -> pd.DataFrame:
    if b"\0" in content:
        raise TableError(f"{path} is binary; give a CSV in UTF-8 or a Parquet file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(f"{path} is not UTF-8 at byte {error.start}; save it as UTF-8") from error
    names = _header(path, text)
    try:
        table = pd.read_csv(
            io.StringIO(text),
            keep_default_na=False,
            # "None" is a fair name of a condition, though not a number.
            na_values={name: [""] if name == "condition" else list(MISSING) for name in names},
            dtype={"condition": "str"},
            low_memory=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise TableError(f"{path} is not a well-formed CSV: {_first_line(error)}") from error
    if not isinstance(table.index, pd.RangeIndex):
        raise TableError(
            f"{path} has rows with more fields than its header has names; quote or remove the extra fields"
        )
    return table


def _header(path: Path, text: str) -> list[str]:
    try:
        names = next(csv.reader(io.StringIO(text)))
    except (csv.Error, StopIteration) as error:
        raise TableError(f"{path} has no readable header; its first line must name the columns") from error
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise TableError(f"{path} names the column {repeated[0]!r} more than once; rename all but one")
    return names


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
