"""Take columns out of a table in long form, or say in one sentence why that is impossible."""

import difflib
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.excerpt import excerpt, listed
from configs.errors import TableError

__all__ = ["has_decimal_comma", "is_nearly_numeric", "numbers_in", "require_columns", "require_labels"]

LONGEST_NAME = 200
LEAST_SHARE_OF_NUMBERS = 0.5
LEAVE_EMPTY = "correct it, or leave it empty if it is missing"
DECIMAL_POINT = "write a decimal point, and no separator of thousands"
_COMMA = re.compile(r"[+-]?[\d.,']*,\d+(?:[eE][+-]?\d+)?")


def require_columns(frame: pd.DataFrame, *, columns: Sequence[str]) -> None:
    """Check that a table has rows and these columns.

    Raises:
        TableError: If a column is missing; the nearest existing names are given.
    """
    for column in columns:
        if column not in frame.columns:
            raise TableError(f"the table has no column {excerpt(column)}; {_nearest(column, frame=frame)}")
        if not isinstance(frame[column], pd.Series):
            raise TableError(f"the table has more than one column {column!r}; rename all but one")
    if frame.empty:
        raise TableError("the table has columns but no rows; give at least one row per cell")


def require_labels(frame: pd.DataFrame, *, column: str) -> None:
    """Check that no row lacks its subject or level.

    Raises:
        TableError: Naming the first row without a label.
    """
    is_missing = frame[column].isna().to_numpy()
    if is_missing.any():
        row = int(np.flatnonzero(is_missing)[0])
        raise TableError(f"data row {row + 1} has no {column!r}; fill it or remove the row")


def numbers_in(frame: pd.DataFrame, *, column: str, remedy: str = LEAVE_EMPTY) -> NDArray[np.float64]:
    """A column as floats, shape (num_rows,); a missing value is NaN.

    Args:
        frame: One row per measurement.
        column: Its name.
        remedy: What to do about a word that stands in it.

    Raises:
        TableError: Naming the first row whose value is not a number.
    """
    values = frame[column]
    numbers = pd.to_numeric(values, errors="coerce")
    is_text = (numbers.isna() & values.notna()).to_numpy()
    if is_text.any():
        row = int(np.flatnonzero(is_text)[0])
        value = values.iloc[row]
        advice = DECIMAL_POINT if has_decimal_comma(value) else remedy
        raise TableError(f"data row {row + 1} has {column}={excerpt(value)}, which is not a number; {advice}")
    return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan))


def is_nearly_numeric(values: pd.Series) -> bool:
    """Whether at least half of the values that are there are numbers, numbers with a decimal comma among them."""
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values):
        return pd.api.types.is_numeric_dtype(values)
    known = values.dropna()
    is_number = pd.to_numeric(known, errors="coerce").notna() | known.map(has_decimal_comma).astype(bool)
    return len(known) > 0 and bool(is_number.mean() >= LEAST_SHARE_OF_NUMBERS)


def has_decimal_comma(value: object) -> bool:
    """Whether a text is a number that is written with a comma, which may be one of thousands."""
    return isinstance(value, str) and _COMMA.fullmatch(value.strip()) is not None


def _nearest(column: str, *, frame: pd.DataFrame) -> str:
    names = [str(name) for name in frame.columns if len(str(name)) <= LONGEST_NAME]
    near = difflib.get_close_matches(column, names, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    return f"its columns are {listed(names)}"
