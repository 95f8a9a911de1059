"""Show text from configs, paths and errors without what a terminal would obey."""

__all__ = ["one_line", "printable"]


def one_line(text: str) -> str:
    """`text` without line breaks, control characters and runs of blanks."""
    return " ".join(printable(text).split())


def printable(text: str) -> str:
    """`text` with a blank for each character that is no part of a line, such as those that move a cursor."""
    return "".join(character if character.isprintable() else " " for character in text)
