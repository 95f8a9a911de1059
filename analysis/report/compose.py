"""Ask every section for its blocks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analysis.missing_cells import describe_cells
from analysis.report.blocks import Block, FigureBlock, Note, TableBlock
from analysis.report.facts import ReportFacts
from analysis.report.section import AbstractSection
from configs.counted import counted
from configs.errors import SeedscopeError

__all__ = ["Report", "WrittenSection", "compose", "figures_of", "tables_of"]


@dataclass(frozen=True, slots=True)
class WrittenSection:
    """A section with what it says."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All that is rendered."""

    title: str
    byline: str
    """What the report is about, in one line."""
    partial: str
    """What is missing; empty for a complete experiment."""
    sections: tuple[WrittenSection, ...]


def compose(facts: ReportFacts, *, sections: Sequence[AbstractSection]) -> Report:
    """The report, with every section that is there.

    A section that cannot read its files is a note with the reason; the others are not lost.

    Args:
        facts: What the sections read.
        sections: In the reader's order.
    """
    written = [_written(section, facts=facts) for section in sections if section.is_there(facts)]
    return Report(title=facts.title, byline=_byline(facts), partial=_partial(facts), sections=tuple(written))


def figures_of(report: Report) -> Iterator[FigureBlock]:
    """All figures, in the reader's order."""
    for section in report.sections:
        yield from (block for block in section.blocks if isinstance(block, FigureBlock))


def tables_of(report: Report) -> Iterator[TableBlock]:
    """All tables, those behind figures included, in the reader's order."""
    for section in report.sections:
        for block in section.blocks:
            if isinstance(block, TableBlock):
                yield block
            elif isinstance(block, FigureBlock) and block.table is not None:
                yield block.table


def _written(section: AbstractSection, *, facts: ReportFacts) -> WrittenSection:
    try:
        blocks = tuple(section.blocks(facts))
    except SeedscopeError as error:
        blocks = (Note(f"This section is left out: {error}."),)
    return WrittenSection(id=section.id, title=section.title, blocks=blocks)


def _byline(facts: ReportFacts) -> str:
    first = facts.conditions[0]
    grid = first.grid(first.main_metric)
    parts = [f"{counted(grid.num_subjects, 'seed')} × {first.levels_text(grid.num_levels)}"]
    if len(facts.conditions) > 1:
        parts.append(f"{len(facts.conditions)} conditions")
    if facts.manifest is not None:
        parts.append(f"run of {facts.manifest['created_at'][:10]}")
        # Without an installed distribution the version is unknown.
        if facts.manifest["versions"]["seedscope"] is not None:
            parts.append(f"Seedscope {facts.manifest['versions']['seedscope']}")
    return " · ".join(parts)


def _partial(facts: ReportFacts) -> str:
    missing = facts.missing
    if not missing:
        return ""
    expected = facts.num_cells + len(missing)
    return f"PARTIAL: {facts.num_cells:,} of {expected:,} cells; missing: {describe_cells(missing)}."
