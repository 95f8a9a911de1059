"""Order the levels of the within factor: as numbers where they are numbers, else as they first appear."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

__all__ = ["Label", "is_plain_number", "numbers_of", "ordered_labels", "plain_label"]

Label = int | float | str

_MULTIPLIERS = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "t": 1e12}
_AMOUNT = r"(?:\d{1,3}(?:,\d{3})+|\d[\d_]*)(?:\.\d+)?(?:[eE][+-]?\d+)?"
_UNIT = r"\s*(?:(?P<multiplier>[kKmMbBgGtT])\b)?\s*(?P<unit>[^\W\d]*)$"
# "-3", ".5", "500K", "1.5M tokens": a sign counts only where no prefix stands before it, else it is a hyphen.
_BARE = re.compile(rf"^(?P<prefix>)(?P<number>[+-]?(?:{_AMOUNT}|\.\d+)){_UNIT}")
# "step1000", "interval-07".
_PREFIXED = re.compile(rf"^(?P<prefix>\D+?)(?P<number>{_AMOUNT}){_UNIT}")

_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class _Numbered:
    prefix: str
    unit: str
    number: float


def ordered_labels(column: pd.Series) -> tuple[Label, ...]:
    """The distinct labels of a column, in the order in which the analysis and its reader meet them.

    Numbers sort as numbers, and so do texts that are one number each between the same prefix and unit ("step100" <
    "step1000", "500K" < "1M"). Dates of ISO 8601 sort as dates. An ordered categorical keeps its declared order.
    Anything else keeps the order of its first appearance.

    Args:
        column: One label per row, shape (num_rows,), none missing.

    Returns:
        Each label once.
    """
    if isinstance(column.dtype, pd.CategoricalDtype) and column.dtype.ordered:
        present = set(column.unique())
        return tuple(plain_label(label) for label in column.dtype.categories if label in present)
    labels = list(dict.fromkeys(plain_label(label) for label in column))
    keys = numbers_of(labels) or _times_of(labels)
    if keys is None:
        return tuple(labels)
    order = sorted(range(len(labels)), key=lambda position: keys[position])
    return tuple(labels[position] for position in order)


def plain_label(label: object) -> Label:
    """A label as Python number or text; a whole float is an integer, since a gap in a column makes pandas float it."""
    scalar = label.item() if isinstance(label, np.generic) else label
    if isinstance(scalar, float) and scalar.is_integer():
        return int(scalar)
    # A truth value counts as an integer in Python, and is none.
    if isinstance(scalar, int | float | str) and not isinstance(scalar, bool):
        return scalar
    return str(scalar)


def numbers_of(labels: Sequence[Label]) -> list[float] | None:
    """The number in each label, or None unless all are numbers between the same prefix and unit."""
    if all(isinstance(label, int | float) for label in labels):
        return [float(label) for label in labels]
    parsed = [_numbered(str(label)) for label in labels]
    known = [numbered for numbered in parsed if numbered is not None]
    if len(known) < len(parsed) or len({(numbered.prefix, numbered.unit) for numbered in known}) > 1:
        return None
    return [numbered.number for numbered in known]


def is_plain_number(label: str) -> bool:
    """Whether a label is a number without a word beside it, such as "100", "-0.5" or "500K"."""
    numbered = _numbered(label)
    return numbered is not None and not numbered.prefix and not numbered.unit


def _times_of(labels: Sequence[Label]) -> list[float] | None:
    """Each label as seconds since 1970, in UTC where none is said, or None unless all are dates."""
    if not all(isinstance(label, str) and _DATE.match(label) for label in labels):
        return None
    try:
        times = [datetime.fromisoformat(str(label)) for label in labels]
    except ValueError:
        return None
    return [(time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() for time in times]


def _numbered(label: str) -> _Numbered | None:
    text = label.strip()
    match = _BARE.match(text) or _PREFIXED.match(text)
    if match is None:
        return None
    number = float(match["number"].replace("_", "").replace(",", ""))
    return _Numbered(
        prefix=match["prefix"].strip().lower(),
        unit=match["unit"].strip().lower(),
        number=number * _MULTIPLIERS[(match["multiplier"] or "").lower()],
    )
