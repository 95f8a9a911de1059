"""Draw the convergence of classes of contexts, and say in words what is drawn."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from analysis.excerpt import listed_words
from analysis.figures.canvas import Canvas, new_axes
from analysis.figures.convergence import plot_class_convergence
from analysis.probes.class_words import class_label, class_phrase
from analysis.probes.token_classes import LEAST_CONTEXTS
from analysis.report.blocks import Block, FigureBlock, Note
from analysis.report.numbers import number

__all__ = ["class_blocks"]

_TITLES = {"frequency": "by frequency", "surprisal": "by final surprisal", "pos_next": "by part of speech"}
_CAPTIONS = {
    "frequency": "by how often the training text has the next token",
    "surprisal": "by the surprisal of the next token at the end of training, in nats",
    "pos_next": "by the part of speech of the next token",
}
_ADJECTIVES = "JJ"
_PARTS_OF_SPEECH = ("nouns", "verbs", _ADJECTIVES, "function words", "content words")

_Drawn = Mapping[str, Mapping[str, str]]
"""For each system that is drawn, its classes, each with its name in the legend."""


def class_blocks(table: pd.DataFrame) -> list[Block]:
    """A panel for each way to sort contexts, of the last condition, which is the largest model of a ladder.

    Args:
        table: Rows of `convergence.parquet`.
    """
    condition = str(table.condition.iloc[-1])
    rows = table[(table.condition == condition) & _is_candidate(table)]
    known = rows[rows.convergence_nats.notna()]
    if rows.empty:
        return []
    if known.empty:
        return [Note(f"No class has {LEAST_CONTEXTS} contexts, so convergence is told of all contexts alone.")]
    labels = {system: _labels(known[known.class_system == system]) for system in _TITLES}
    drawn = {system: names for system, names in labels.items() if names}
    return [
        FigureBlock(
            name="convergence-classes",
            caption=_caption(rows, condition=condition, drawn=drawn),
            alt=_alt(known, condition=condition),
            draw=lambda canvas: _draw(canvas, known=known, drawn=drawn),
        )
    ]


def _is_candidate(table: pd.DataFrame) -> pd.Series:
    """Of the many parts of speech only a few are drawn."""
    is_part = (table.class_system == "pos_next") & table["class"].isin(_PARTS_OF_SPEECH)
    return table.class_system.isin(["frequency", "surprisal"]) | is_part


def _labels(rows: pd.DataFrame) -> dict[str, str]:
    names = [str(name) for name in rows["class"].unique()]
    order = [name for name in _PARTS_OF_SPEECH if name in names] or names
    return {name: class_label(name) for name in order}


def _draw(canvas: Canvas, *, known: pd.DataFrame, drawn: _Drawn) -> Figure:
    num_rows, columns = (len(drawn), 1) if canvas.is_narrow else (1, len(drawn))
    figure, panels = new_axes(
        canvas, height=330 * num_rows, rows=num_rows, columns=columns, gap_x=20, left=66, bottom=46, shares_y=True
    )
    for axes, (system, labels) in zip(panels, drawn.items(), strict=True):
        of_system = known[known.class_system == system]
        plot_class_convergence(axes, of_system, labels=labels).legend(loc="lower left", fontsize=8)
        axes.set_title(_TITLES[system])
    for axes in () if canvas.is_narrow else panels[1:]:
        axes.set_ylabel("")
    return figure


def _caption(rows: pd.DataFrame, *, condition: str, drawn: _Drawn) -> str:
    systems = "; ".join(_CAPTIONS[system] for system in drawn)
    if _ADJECTIVES in drawn.get("pos_next", {}):
        systems += " (adjectives without comparatives and superlatives)"
    small = rows[rows.convergence_nats.isna() & (rows.num_contexts > 0)]
    names = [
        f"{listed_words([class_label(str(name)) for name in classes.unique()])} {_TITLES[str(system)]}"
        for system, classes in small.groupby("class_system", sort=False)["class"]
    ]
    left_out = f" Not drawn, with fewer than {LEAST_CONTEXTS} contexts: {'; '.join(names)}." if names else ""
    return f"Expected convergence of {condition}, nats: {systems}. In brackets: contexts of the class.{left_out}"


def _alt(known: pd.DataFrame, *, condition: str) -> str:
    """The two ends of what is drawn, at the last interval."""
    last = known[known.interval == known.interval.max()]
    most, least = last.loc[last.convergence_nats.idxmin()], last.loc[last.convergence_nats.idxmax()]
    apart, alike = (
        f"{class_phrase(str(row['class']), system=str(row.class_system))} ({number(row.convergence_nats)} nats)"
        for row in (most, least)
    )
    return f"At the end the seeds of {condition} differ most on {apart} and least on {alike}."
