"""Render a report as Markdown, with the figures beside it."""

import re

from analysis.report.blocks import Block, Bullets, Code, FigureBlock, Heading, Note, Paragraph, TableBlock
from analysis.report.compose import Report
from analysis.report.html import numeric_columns, shown_rows

__all__ = ["render_markdown"]

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$#])")


def render_markdown(report: Report, *, figures: str) -> str:
    """The report as text; a partial experiment says so in the first line.

    Args:
        report: What it says.
        figures: Path of the figures' directory, relative to the file.
    """
    parts = [f"**{_escaped(report.partial)}**"] if report.partial else []
    parts += [f"# {_escaped(report.title)}", _escaped(report.byline)]
    for section in report.sections:
        parts.append(f"## {_escaped(section.title)}")
        parts += [_block(block, figures=figures) for block in section.blocks]
    return "\n\n".join(parts) + "\n"


def _block(block: Block, *, figures: str) -> str:
    match block:
        case Paragraph():
            return _escaped(block.text)
        case Heading():
            return f"### {_escaped(block.text)}"
        case Bullets():
            return "\n".join(f"- {_escaped(item)}" for item in block.items)
        case Note():
            return f"> {_escaped(block.text)}"
        case Code():
            return (f"{_escaped(block.title)}:\n\n" if block.title else "") + _fenced(block.text)
        case TableBlock():
            return _table(block)
        case FigureBlock():
            picture = f"![{_escaped(block.alt)}]({figures}/{block.name}.svg)\n\n*{_escaped(block.caption)}*"
            return picture if block.table is None else f"{picture}\n\n{_table(block.table)}"


def _table(table: TableBlock) -> str:
    rules = ["---:" if is_numeric else ":---" for is_numeric in numeric_columns(table)]
    body = [_row(table.columns), f"| {' | '.join(rules)} |", *(_row(row) for row in shown_rows(table))]
    return "\n".join(body) + f"\n\n*{_escaped(table.caption)}*"


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text.rstrip()}\n{fence}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
