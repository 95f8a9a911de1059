"""How to add a section to the report.

A section turns facts into blocks. Write one module in `analysis/report/sections/` with one final class:

    @final
    class Convergence(AbstractSection):
        id = "convergence"
        title = "Convergence across seeds"

        def is_there(self, facts: ReportFacts) -> bool:
            return facts.paths.convergence_file.is_file()

        def blocks(self, facts: ReportFacts) -> Sequence[Block]:
            table = read_table(facts.paths.convergence_file)
            def draw(canvas: Canvas) -> Figure:
                figure, (axes,) = new_axes(canvas, height=300)
                plot_convergence(axes, table)        # of analysis/figures: takes an Axes, returns it
                return figure
            return [
                Paragraph("Expected convergence is highest at ... (n = 6 seeds)."),
                FigureBlock("convergence", caption="... nats; band: ...", alt="...", draw=draw, table=TableBlock(...)),
            ]

and put an instance into `SECTIONS` in `analysis/report/registry.py`, where the reader should meet it. Text is plain:
the renderers escape it, and the same blocks become report.html, report.md, figures/NAME.svg, .png and .csv, and
tables/NAME.tex. Numbers get their text from `analysis/report/numbers.py`, so that undefined is said everywhere in the
same way. A section that raises a `SeedscopeError` is replaced by a note with its sentence; the others are written.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from analysis.report.blocks import Block
from analysis.report.facts import ReportFacts

__all__ = ["AbstractSection"]


class AbstractSection(ABC):
    """One section; without state."""

    id: ClassVar[str]
    """Lower case and hyphens; the anchor of the section."""
    title: ClassVar[str]

    @abstractmethod
    def is_there(self, facts: ReportFacts) -> bool:
        """Whether the facts hold what the section is about; a section that is not there leaves no trace."""

    @abstractmethod
    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """What the section says, in order."""
