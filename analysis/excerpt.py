"""Quote a value of the user's in one short line."""

__all__ = ["LONGEST", "excerpt", "listed"]

LONGEST = 60


def excerpt(value: object) -> str:
    """The value as Python writes it, escaped, and only its beginning if it is long.

    Args:
        value: A number or a text of any length.
    """
    if not isinstance(value, str):
        return excerpt(str(value)) if len(str(value)) > LONGEST else str(value)
    if len(value) > LONGEST:
        return f"{value[:LONGEST]!r}... ({len(value):,} characters)"
    return repr(value)


def listed(values: list[str] | tuple[str, ...], *, most: int = 12) -> str:
    """The first values, quoted, and how many more there are.

    Args:
        values: Names of any length.
        most: How many are quoted.
    """
    rest = len(values) - most
    return ", ".join(map(excerpt, values[:most])) + (f" and {rest:,} more" if rest > 0 else "")
