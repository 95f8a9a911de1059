"""Quote what a user or another library said in one short line."""

import os
from collections.abc import Sequence
from pathlib import Path

__all__ = ["excerpt", "first_line", "listed", "listed_words", "number_text", "path_text"]

LONGEST_VALUE = 60
LONGEST_SENTENCE = 200


def excerpt(value: object) -> str:
    """The value as Python writes it, escaped, and only its beginning if it is long.

    Args:
        value: A number or a text of any length.
    """
    text = value if isinstance(value, str) else str(value)
    if len(text) > LONGEST_VALUE:
        return f"{text[:LONGEST_VALUE]!r}... ({len(text):,} characters)"
    return repr(text) if isinstance(value, str) else text


def listed(values: Sequence[object], *, most: int = 12) -> str:
    """The first values, and how many more there are.

    Args:
        values: Names of any length.
        most: How many are quoted.
    """
    rest = len(values) - most
    return ", ".join(map(excerpt, values[:most])) + (f" and {rest:,} more" if rest > 0 else "")


def listed_words(values: Sequence[object], *, most: int = 6) -> str:
    """The first values as words of a sentence, such as "1, 2 and 5" or "1, 2, 3, 4, 5, 6 and 4 more".

    Args:
        values: Names, at least one.
        most: How many are named, where there are more.
    """
    named = [str(value) for value in values]
    words = named if len(named) <= most else [*named[:most], f"{len(named) - most:,} more"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def first_line(error: Exception) -> str:
    """The first line of what an error says, or its name where it says nothing."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:LONGEST_SENTENCE]


def path_text(path: Path) -> str:
    """The path as text that any file can hold; bytes that are no UTF-8 are shown in hexadecimal."""
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")


def number_text(value: float) -> str:
    """Four decimals where they tell something, else four digits: efficiencies may lie at 1e-11."""
    return f"{value:.4f}" if value == 0 or 5e-5 <= abs(value) < 1e6 else f"{value:.3e}"
