"""Name a number of things as a sentence does."""

__all__ = ["counted"]


def counted(number: int, noun: str) -> str:
    """The number and its noun, such as "1 row", "2,000 rows" or "0 losses"."""
    ending = "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{'' if number == 1 else ending}"
