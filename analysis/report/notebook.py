"""Render the answer and the main figure as a fragment of HTML, for a notebook's cell."""

import base64

from analysis.report.blocks import FigureBlock
from analysis.report.compose import compose
from analysis.report.drawing import draw_figure
from analysis.report.facts import ReportFacts
from analysis.report.html import template
from analysis.report.sections.answer import Answer
from analysis.report.sections.trajectories import Trajectories

__all__ = ["notebook_html"]


def notebook_html(facts: ReportFacts) -> str:
    """The sections "The answer" and "Trajectories"; figures are images, so that nothing else in the notebook changes.

    Args:
        facts: Of a run or a table.
    """
    report = compose(facts, sections=(Answer(), Trajectories()))
    blocks = [block for section in report.sections for block in section.blocks]
    images = {block.name: _as_address(draw_figure(block).svg) for block in blocks if isinstance(block, FigureBlock)}
    return template("notebook.html.j2").render(report=report, blocks=blocks, images=images)


def _as_address(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")
