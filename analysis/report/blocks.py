"""What a section is made of: plain values that become HTML, Markdown and LaTeX."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from matplotlib.figure import Figure

from analysis.figures.canvas import Canvas

__all__ = ["Block", "Bullets", "Code", "FigureBlock", "Heading", "Note", "Paragraph", "TableBlock"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain sentences; nothing in them is markup."""

    kind: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a part of a section, such as one condition's."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """One sentence or more per point."""

    kind: ClassVar[str] = "bullets"
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A remark that must not be missed: a warning, or what is left out and why."""

    kind: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Text to copy: a command, a config, a paragraph for a paper."""

    kind: ClassVar[str] = "code"
    text: str
    title: str = ""
    """Given, the text is folded away behind it."""


@dataclass(frozen=True, slots=True)
class TableBlock:
    """Rows of text. Its name becomes that of a LaTeX file and of a CSV file."""

    kind: ClassVar[str] = "table"
    name: str
    """Lower case, digits and hyphens; unique in a report."""
    caption: str
    """What is shown, the unit and n."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_folded: bool = False


@dataclass(frozen=True, slots=True)
class FigureBlock:
    """A figure, what it says in words, and the table behind it."""

    kind: ClassVar[str] = "figure"
    name: str
    """Lower case, digits and hyphens; unique in a report."""
    caption: str
    """What is drawn, the unit, n, and what each band is and how it was computed."""
    alt: str
    """What a reader who cannot see it must know: its message with the numbers."""
    draw: Callable[[Canvas], Figure]
    """Called for a wide and a narrow canvas, in the house style."""
    table: TableBlock | None = None


Block = Paragraph | Heading | Bullets | Note | Code | TableBlock | FigureBlock
