"""Read stories out of rows that have a text column: .jsonl and .parquet files."""

import json
from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from configs.errors import CorpusError

__all__ = ["read_jsonl_stories", "read_parquet_stories", "text_of_row"]

ROWS_PER_BATCH = 1_000  # About 1 MB of TinyStories.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_jsonl_stories(path: Path, *, text_column: str) -> Iterator[str]:
    """Read one story from each line, a JSON object; blank lines are passed over.

    Args:
        path: A UTF-8 file of JSON objects, one in each line.
        text_column: The key under which the story stands.

    Returns:
        The stories, read only as far as they are asked for.

    Raises:
        CorpusError: While reading, if a line is no JSON object or has no text under `text_column`.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            text = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
            if text.strip():
                where = f"{path} line {number}"
                yield text_of_row(_parse_object(text, where=where), text_column=text_column, where=where)


def read_parquet_stories(path: Path, *, text_column: str) -> Iterator[str]:
    """Read one story from each row, in batches of rows.

    Args:
        path: A Parquet file.
        text_column: The column of stories.

    Returns:
        The stories, read only as far as they are asked for.

    Raises:
        CorpusError: While reading, if the file is no Parquet file, lacks the column, or holds no text in a row.
    """
    try:
        with pq.ParquetFile(path) as file:
            _require_column(file.schema_arrow.names, text_column=text_column, where=str(path))
            batches = file.iter_batches(batch_size=ROWS_PER_BATCH, columns=[text_column])
            values = chain.from_iterable(batch.column(0).to_pylist() for batch in batches)
            for number, value in enumerate(values, start=1):
                yield _require_text(value, text_column=text_column, where=f"{path} row {number}")
    except (pa.ArrowException, OSError) as error:
        raise CorpusError(f"{path} cannot be read as Parquet ({_first_line(error)}); write it anew.") from error


def text_of_row(row: dict[str, Any], *, text_column: str, where: str) -> str:
    """The story of one row.

    Args:
        row: Values by column name, of whatever type the file holds.
        text_column: The column of stories.
        where: The row's place, for the error.

    Raises:
        CorpusError: If the column is missing or its value is not text.
    """
    _require_column(row.keys(), text_column=text_column, where=where)
    return _require_text(row[text_column], text_column=text_column, where=where)


def _parse_object(line: bytes, *, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{where} is not JSON ({_first_line(error)}); write one JSON object in each line.") from error
    if not isinstance(row, dict):
        raise CorpusError(f"{where} is a JSON {type(row).__name__}, not an object; write one JSON object in each line.")
    return row


def _require_column(columns: Collection[str], *, text_column: str, where: str) -> None:
    if text_column not in columns:
        known = ", ".join(repr(column) for column in columns) or "none"
        raise CorpusError(
            f"{where} has no column {text_column!r}; set corpus.text_column to one of its columns: {known}."
        )


def _require_text(value: object, *, text_column: str, where: str) -> str:
    if not isinstance(value, str):
        raise CorpusError(
            f"{where} holds {type(value).__name__}, not text, in column {text_column!r}; "
            "remove the row or choose another column."
        )
    try:
        value.encode()
    except UnicodeEncodeError as error:
        # JSON may escape half of a surrogate pair, which no UTF-8 text can hold.
        raise CorpusError(
            f"{where} holds half of a surrogate pair at character {error.start}; repair the row."
        ) from error
    return value


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
