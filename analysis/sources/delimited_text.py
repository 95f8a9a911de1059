"""Read delimited text: its encoding, its separator, its header, its rows."""

import codecs
import csv
import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.excerpt import excerpt, first_line, path_text
from configs.errors import TableError

__all__ = ["Header", "header_of", "read_delimited"]

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A")
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
LONGEST_HEADER = 4_000_000  # characters
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Other files that are met under a table's name, by their first bytes.
FOREIGN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an Excel workbook; save the sheet as CSV",
    b"SQLite format 3": "an SQLite database; export a table as CSV",
    b"\x89HDF": "an HDF5 file; export a table as CSV",
    b"<!DOCTYPE": "an HTML page; export the data itself",
    b"<html": "an HTML page; export the data itself",
    b"BZh": "packed by bzip2; unpack it first",
    b"\xfd7zXZ": "packed by xz; unpack it first",
    b"\x28\xb5\x2f\xfd": "packed by zstd; unpack it first",
}


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a delimited text."""

    fields: tuple[str, ...]
    """As they stand in the file, less blanks that follow a separator where some name has them."""
    first_padded: str | None
    """The first name with a blank before or after it."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, without the blanks around them."""
        return tuple(field.strip() for field in self.fields)

    def notes(self, path: Path) -> tuple[str, ...]:
        """What a reader of the audit should know about the names."""
        if self.first_padded is None:
            return ()
        return (
            f"the header of {path_text(path)} has blanks around the names of its columns, such as "
            f"{excerpt(self.first_padded)}: they are left off",
        )


def header_of(path: Path, content: bytes) -> Header:
    """The names of the columns.

    Raises:
        TableError: If the text cannot be decoded, or has no header or one with a name twice.
    """
    text = _decoded(path, content)
    return _header(path, text, separator=_separator(text))


def read_delimited(path: Path, content: bytes, *, text_columns: Collection[str]) -> pd.DataFrame:
    """The rows of a CSV, or of its kin with semicolons, tabs or bars; the header tells which.

    Args:
        path: Where it came from, for the sentences.
        content: UTF-8, with or without byte order mark, or UTF-16 with one.
        text_columns: Columns that stay text, so that 007 is not 7.

    Raises:
        TableError: If the content is binary, undecodable or malformed.
    """
    text = _decoded(path, content)
    separator = _separator(text)
    header = _header(path, text, separator=separator)
    try:
        table = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            # Whoever writes "seed, step" writes "1, 100" below it.
            skipinitialspace=header.first_padded is not None,
            keep_default_na=False,
            # "None" is a fair name of a condition, though not a number.
            na_values={name: [""] if name.strip() == "condition" else list(MISSING) for name in header.fields},
            dtype={name: "str" for name in header.fields if name.strip() in text_columns},
            low_memory=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise TableError(f"{path} is not a well-formed CSV: {first_line(error)}") from error
    if not isinstance(table.index, pd.RangeIndex):
        raise TableError(
            f"{path} has rows with more fields than its header has names; quote or remove the extra fields"
        )
    return table.rename(columns={field: field.strip() for field in header.fields if field.strip()})


def _decoded(path: Path, content: bytes) -> str:
    for magic, remedy in FOREIGN.items():
        if content.startswith(magic):
            raise TableError(f"{path} is {remedy}")
    encoding = "utf-16" if content.startswith(UTF16_MARKS) else "utf-8-sig"
    if encoding == "utf-8-sig" and b"\0" in content:
        raise TableError(f"{path} is binary; give a CSV in UTF-8 or a Parquet file")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        name = "UTF-16" if encoding == "utf-16" else "UTF-8"
        raise TableError(f"{path} is not {name} at byte {error.start}; save it as UTF-8") from error


def _separator(text: str) -> str:
    """The one that cuts the first line into most fields; the comma where none cuts it."""
    return max(SEPARATORS, key=lambda separator: len(_first_fields(text, separator=separator)))


def _first_fields(text: str, *, separator: str, skips_blanks: bool = False) -> list[str]:
    lines = text[:LONGEST_HEADER].lstrip("\r\n").splitlines(keepends=True)
    try:
        return next(csv.reader(lines, delimiter=separator, skipinitialspace=skips_blanks), [])
    except csv.Error:
        # A name beyond 131,072 characters, the limit of Python's reader.
        return []


def _header(path: Path, text: str, *, separator: str) -> Header:
    fields = _first_fields(text, separator=separator)
    if not fields:
        raise TableError(f"{path} has no readable header; its first line must name the columns")
    first_padded = next((field for field in fields if field.strip() not in ("", field)), None)
    if first_padded is not None:
        fields = _first_fields(text, separator=separator, skips_blanks=True)
    header = Header(tuple(fields), first_padded)
    names = header.names
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise TableError(f"{path} names the column {excerpt(repeated[0])} more than once; rename all but one")
    return header
