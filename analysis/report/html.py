"""Render a report as one HTML file that needs nothing but itself."""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from analysis.figures.style import THEME
from analysis.report.blocks import TableBlock
from analysis.report.compose import Report, tables_of
from analysis.report.drawing import Drawing
from analysis.report.inline_svg import share_page

__all__ = ["MAX_ROWS", "column_classes", "numeric_columns", "render_html", "shown_rows", "template"]

MAX_ROWS = 120
"""A longer table is cut in the page; the CSV file beside the figures has all of it."""

FIGURE_BUDGET_BYTES = 620_000
"""Of drawings in a page; with the tables and the words it stays below 1 MB."""
TABLE_BUDGET_BYTES = 250_000

SHORT_TEXT, LONG_TEXT = 16, 60
"""Characters of a cell: up to the first on one line of a phone, beyond the second on several."""

_NUMBER = re.compile(r"^[\s\[<>=.,\d+\N{MINUS SIGN}\N{EN DASH}eE%]*$")


def render_html(report: Report, *, drawings: Mapping[str, Drawing]) -> str:
    """The page. Every text in it is escaped; the figures are the only markup that is taken as it is.

    Args:
        report: What it says.
        drawings: By the figure block's name.
    """
    figures = share_page(
        {
            f"{name}-{canvas}": body
            for name, drawing in drawings.items()
            for canvas, body in (("wide", drawing.wide), ("narrow", drawing.narrow))
        }
    )
    sizes = {name: sum(len(figures.bodies[f"{name}-{canvas}"]) for canvas in ("wide", "narrow")) for name in drawings}
    embedded = _within_budget(sizes, budget=FIGURE_BUDGET_BYTES)
    tables = _within_budget({table.name: _size(table) for table in tables_of(report)}, budget=TABLE_BUDGET_BYTES)
    return template("report.html.j2").render(report=report, figures=figures, embedded=embedded | tables, theme=THEME)


def shown_rows(table: TableBlock) -> tuple[tuple[str, ...], ...]:
    """The rows that a page shows: all, or the first and last 60."""
    if len(table.rows) <= MAX_ROWS:
        return table.rows
    half = MAX_ROWS // 2
    gap = ("…", *("" for _ in table.columns[1:]))
    return (*table.rows[:half], gap, *table.rows[-half:])


def numeric_columns(table: TableBlock) -> Sequence[bool]:
    """Which columns hold numbers only and are set flush right."""
    return [all(_NUMBER.match(row[column]) for row in table.rows) for column in range(len(table.columns))]


def column_classes(table: TableBlock) -> Sequence[str]:
    """How a page sets each column.

    `n`: numbers, flush right. `t`: short texts, on one line. `w`, `l`: texts and long texts, with a width below which
    they do not shrink. Intervals stand on one line in any column.
    """
    numeric = numeric_columns(table)
    return ["n" if numeric[column] else _text_class(table, column=column) for column in range(len(table.columns))]


def template(name: str) -> Template:
    """A template of this room; it escapes whatever is put into it."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("analysis.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"shown_rows": shown_rows, "column_classes": column_classes, "is_cut": _is_cut}
    environment.filters["breakable"] = _breakable
    return environment


def _within_budget(sizes: Mapping[str, int], *, budget: int) -> frozenset[str]:
    """The names, from the first, whose sizes add up to no more than the budget; one too large for it is passed over."""
    kept: dict[str, int] = {}
    for name, size in sizes.items():
        if sum(kept.values()) + size <= budget:
            kept[name] = size
    return frozenset(kept)


def _size(table: TableBlock) -> int:
    return sum(len(cell) + 24 for row in shown_rows(table) for cell in row)


def _text_class(table: TableBlock, *, column: int) -> str:
    longest = max((len(row[column]) for row in table.rows if not row[column].startswith("[")), default=0)
    return "t" if longest <= SHORT_TEXT else "w" if longest <= LONG_TEXT else "l"


def _is_cut(table: TableBlock) -> bool:
    return len(table.rows) > MAX_ROWS


def _breakable(text: str) -> Markup:
    """Escaped text that may break after a slash or an underscore, where a browser would not."""
    return Markup(re.sub(r"([/_])(?=\w)", r"\1<wbr>", str(Markup.escape(text))))  # noqa: S704, escaped just here
