"""Render a table for a paper: LaTeX with the package booktabs."""

from analysis.report.blocks import TableBlock
from analysis.report.html import numeric_columns

__all__ = ["latex_table"]

_CHARACTERS = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "\N{MINUS SIGN}": "$-$",
    "\N{EN DASH}": "--",
    "…": r"\dots{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "√": r"$\surd$",
    "²": "$^2$",
    "ε": r"$\varepsilon$",
    "η": r"$\eta$",
    "χ": r"$\chi$",
}
_ESCAPES = str.maketrans(_CHARACTERS)


def latex_table(table: TableBlock) -> str:
    """A floating table with its caption and the label `tab:NAME`; needs the packages booktabs and fontenc (T1).

    Names in scripts that pdfLaTeX does not know need XeLaTeX or LuaLaTeX.

    Args:
        table: All of its rows are written.
    """
    alignment = "".join("r" if is_numeric else "l" for is_numeric in numeric_columns(table))
    body = [_line(row) for row in table.rows]
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{_escaped(table.caption)}}}",
            rf"  \label{{tab:{table.name}}}",
            rf"  \begin{{tabular}}{{{alignment}}}",
            r"    \toprule",
            _line(table.columns),
            r"    \midrule",
            *body,
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _line(cells: tuple[str, ...]) -> str:
    # A bracket that begins a row would be read as the optional argument of the line break before it.
    texts = [f"{{{_escaped(cell)}}}" if cell.startswith("[") else _escaped(cell) for cell in cells]
    return f"    {' & '.join(texts)} " + r"\\"


def _escaped(text: str) -> str:
    return " ".join(text.split()).translate(_ESCAPES)
