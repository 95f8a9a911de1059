"""The drawing characters that a terminal can show."""

from dataclasses import dataclass

__all__ = ["ASCII", "UNICODE", "Glyphs"]


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of drawing characters, each one cell wide unless said otherwise."""

    ticks: str
    """Eight heights from low to high."""
    bar_done: str
    bar_left: str
    dot: str
    """Between two facts on a line."""
    ellipsis: str
    """Where text was left out; one to three cells."""
    is_ascii: bool

    def printable(self, text: str) -> str:
        """`text` with every character that the terminal may lack replaced by a question mark."""
        return text.encode("ascii", "replace").decode("ascii") if self.is_ascii else text


UNICODE = Glyphs(ticks="▁▂▃▄▅▆▇█", bar_done="█", bar_left="░", dot="·", ellipsis="…", is_ascii=False)
ASCII = Glyphs(ticks="_.:-=+*#", bar_done="#", bar_left=".", dot="|", ellipsis="...", is_ascii=True)
