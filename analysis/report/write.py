"""Write a report: the page, the Markdown, every figure alone and every table."""

import csv
import io
import re

from analysis.report.blocks import TableBlock
from analysis.report.compose import Report, compose, figures_of, tables_of
from analysis.report.drawing import draw_figure
from analysis.report.facts import ReportFacts
from analysis.report.html import render_html
from analysis.report.latex import latex_table
from analysis.report.markdown import render_markdown
from analysis.report.registry import SECTIONS
from configs.durable import write_bytes_durably
from configs.run_paths import RunPaths

__all__ = ["write_report"]


def write_report(facts: ReportFacts, *, out: RunPaths) -> Report:
    """Write report.html, report.md, figures/ and tables/, each file whole or not at all.

    Files of these names are replaced; others in those directories are left alone.

    Args:
        facts: What the report is made from.
        out: Names of what is written.

    Returns:
        What the report says.
    """
    report = compose(facts, sections=SECTIONS)
    drawings = {figure.name: draw_figure(figure) for figure in figures_of(report)}
    out.figures_dir.mkdir(exist_ok=True)
    out.tables_dir.mkdir(exist_ok=True)
    for name, drawing in drawings.items():
        write_bytes_durably(out.figure_file(name, "svg"), drawing.svg)
        write_bytes_durably(out.figure_file(name, "png"), drawing.png)
    for table in tables_of(report):
        write_bytes_durably(out.figure_file(table.name, "csv"), _csv(table).encode())
        write_bytes_durably(out.latex_file(table.name), latex_table(table).encode())
    write_bytes_durably(out.report_md, render_markdown(report, figures=out.figures_dir.name).encode())
    write_bytes_durably(out.report_html, render_html(report, drawings=drawings).encode())
    return report


def _csv(table: TableBlock) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([_plain(cell) for cell in row] for row in table.rows)
    return buffer.getvalue()


def _plain(cell: str) -> str:
    """A cell as programs read it: no typeset signs, no commas between thousands, nothing for an undefined value."""
    if cell == "\N{EN DASH}":
        return ""
    text = cell.replace("\N{MINUS SIGN}", "-")
    return text.replace(",", "") if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text) else text
