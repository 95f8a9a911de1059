"""Take columns out of a table in long form, or say in one sentence why that is impossible."""

import difflib
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.excerpt import excerpt, listed
from configs.errors import TableError

__all__ = ["numbers_in", "require_columns", "require_labels"]

LONGEST_NAME = 200
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


def numbers_in(frame: pd.DataFrame, *, column: str) -> NDArray[np.float64]:
    """A column as floats, shape (num_rows,); a missing value is NaN.

    Raises:
        TableError: Naming the first row whose value is not a number.
    """
    values = frame[column]
    numbers = pd.to_numeric(values, errors="coerce")
    is_text = (numbers.isna() & values.notna()).to_numpy()
    if is_text.any():
        row = int(np.flatnonzero(is_text)[0])
        value = values.iloc[row]
        is_comma = isinstance(value, str) and _COMMA.fullmatch(value.strip()) is not None
        remedy = "; write a decimal point, and no separator of thousands" if is_comma else ""
        raise TableError(f"data row {row + 1} has {column}={excerpt(value)}, which is not a number{remedy}")
    return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan))


def _nearest(column: str, *, frame: pd.DataFrame) -> str:
    names = [str(name) for name in frame.columns if len(str(name)) <= LONGEST_NAME]
    near = difflib.get_close_matches(column, names, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    return f"its columns are {listed(names)}"
