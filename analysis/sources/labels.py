"""Bring the names of seeds and levels into one form, and refuse those that name nothing."""

import re
import unicodedata
from collections import Counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.columns import require_columns, require_labels
from analysis.excerpt import excerpt
from configs.errors import TableError

__all__ = ["LONGEST_LABEL", "check_labels", "with_plain_labels"]

LONGEST_LABEL = 200
_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")
# Controls, halves of surrogate pairs, and the marks that turn the direction of writing.
_UNPRINTABLE = {"Cc", "Cs"}
_TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def with_plain_labels(frame: pd.DataFrame, *, column: str, path: str) -> pd.DataFrame:
    """The same rows, the column as numbers where every label is plainly one ("7", "1.5", "1e6", not "007"), else text.

    An ordered categorical stays as it is; a date becomes text in the form of ISO 8601.

    Args:
        frame: One row per measurement.
        column: The seeds' or levels' column.
        path: Where it came from, for the sentences.

    Raises:
        TableError: If the column is missing, a label is missing, infinite, unprintable or longer than 200 characters,
            or if a number and a text read the same.
    """
    try:
        require_columns(frame, columns=(column,))
        require_labels(frame, column=column)
    except TableError as error:
        raise TableError(f"{path}: {error}") from error
    values = frame[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        if values.dtype.ordered:
            return frame
        values = values.astype(values.dtype.categories.dtype)
    if pd.api.types.is_float_dtype(values) or pd.api.types.is_integer_dtype(values):
        return frame.assign(**{column: _finite(values, path=path)})
    codes, distinct = pd.factorize(values)
    labels = [_text(label) for label in distinct]
    check_labels(labels, column=column, path=path)
    return frame.assign(**{column: _as_numbers(labels)[codes]})


def check_labels(labels: list[str], *, column: str, path: str) -> None:
    """Refuse names that cannot be read, or stand for two things.

    Args:
        labels: Each distinct label as text.
        column: What they name.
        path: Where they came from, for the sentences.

    Raises:
        TableError: Naming the first such label.
    """
    for label in labels:
        _check(label, column=column, path=path)
    _check_collisions(labels, column=column, path=path)


def _finite(values: pd.Series, *, path: str) -> pd.Series:
    if not np.isfinite(values.to_numpy(dtype=np.float64)).all():
        raise TableError(f"{path} has an infinite {values.name!r}; a seed or level has a finite name")
    return values


def _text(label: object) -> str:
    if isinstance(label, pd.Timestamp | np.datetime64):
        return pd.Timestamp(label).isoformat().removesuffix("T00:00:00")
    if isinstance(label, bytes):
        return label.decode("utf-8", errors="replace")
    return str(label)


def _check(label: str, *, column: str, path: str) -> None:
    if len(label) > LONGEST_LABEL:
        raise TableError(f"{path} has {column}={excerpt(label)}; a name has at most {LONGEST_LABEL} characters")
    if any(unicodedata.category(letter) in _UNPRINTABLE or letter in _TURNING for letter in label):
        raise TableError(f"{path} has {column}={label!a}, which holds characters that do not print; remove them")
    if not label.strip():
        raise TableError(f"{path} has a blank {column}; name it or remove its rows")


def _check_collisions(labels: list[str], *, column: str, path: str) -> None:
    label, count = Counter(labels).most_common(1)[0] if labels else ("", 0)
    if count > 1:
        raise TableError(f"{path} names {column} {excerpt(label)} both as number and as text; make them one")


def _as_numbers(labels: list[str]) -> NDArray[np.object_] | NDArray[np.int64] | NDArray[np.float64]:
    as_text = np.array(labels, dtype=object)
    if not all(_NUMBER.fullmatch(label) for label in labels):
        return as_text
    numbers = [int(label) if _WHOLE.fullmatch(label) else float(label) for label in labels]
    # Two texts for one number ("1" and "1.0") may be two seeds; whole numbers beyond 2^63 are no numbers for NumPy.
    if len(set(numbers)) < len(labels) or not all(abs(number) < 2**63 for number in numbers):
        return as_text
    return np.array(numbers)
