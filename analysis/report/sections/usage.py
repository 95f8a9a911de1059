"""Say how the machine did: speed and time, which no statistic here is about."""

from collections.abc import Sequence
from typing import final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.canvas import Canvas, new_axes
from analysis.figures.trajectories import plot_trajectories
from analysis.report.blocks import Block, FigureBlock, Paragraph, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, caption
from analysis.report.numbers import number
from analysis.report.section import AbstractSection

__all__ = ["Usage"]

SPEED = "tokens_per_s"


@final
class Usage(AbstractSection):
    """Tokens per second, seconds, threads, attempts."""

    id = "usage"
    title = "Usage"

    def is_there(self, facts: ReportFacts) -> bool:
        """Whether some speed was measured."""
        return any(condition.has(SPEED) for condition in facts.conditions)

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """A figure and a table by run, for each condition."""
        measured = [condition for condition in facts.drawn_conditions if condition.has(SPEED)]
        return [Paragraph(_energy(facts)), *(_figure(condition, facts=facts) for condition in measured)]


def _energy(facts: ReportFacts) -> str:
    is_measured = any(condition.has("energy_joules") for condition in facts.conditions)
    first = "How the machine did, measured by each run's own monotonic clock; the losses do not depend on it."
    return first if is_measured else f"{first} Energy was not measured, so nothing is said about joules."


def _figure(condition: Condition, *, facts: ReportFacts) -> FigureBlock:
    grid = condition.grid(SPEED)
    axis = condition.axis(grid.levels)

    def draw(canvas: Canvas) -> Figure:
        figure, (axes,) = new_axes(canvas, height=230, left=64)
        plot_trajectories(axes, grid, axis=axis)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.set_title("tokens per second of each run")
        return figure

    known = grid.values[np.isfinite(grid.values)]
    return FigureBlock(
        name=block_name("usage", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text=f"training speed of each run (n = {grid.num_subjects}) in each "
            f"{condition.level_noun}, tokens per second, evaluation and checkpoints not counted. Lines as in the "
            "trajectories.",
        ),
        alt=(
            f"Line chart of training speed: median {number(float(np.median(known)), digits=0)} tokens per second, from "
            f"{number(float(known.min()), digits=0)} to {number(float(known.max()), digits=0)}."
        ),
        draw=draw,
        table=_table(condition, facts=facts),
    )


def _table(condition: Condition, *, facts: ReportFacts) -> TableBlock:
    rows = [_row(name, run) for name, run in condition.rows.groupby(condition.subject, sort=True)]
    return TableBlock(
        name=block_name("runs", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text=f"each run: speed over its {condition.level_noun}s, seconds spent, attempts (2 is one retry).",
        ),
        columns=(
            condition.subject,
            "median tokens/s",
            "lowest",
            "highest",
            "seconds",
            "threads",
            "attempts",
            "processor",
        ),
        rows=tuple(rows),
    )


def _row(name: object, run: pd.DataFrame) -> tuple[str, ...]:
    speed = run[SPEED].dropna()
    return (
        str(name),
        *(number(float(value), digits=0) for value in (speed.median(), speed.min(), speed.max())),
        number(float(run["elapsed_s"].max()), digits=1) if "elapsed_s" in run else "–",
        _values(run, "threads"),
        _values(run, "attempt", wants_last=True),
        _values(run, "cpu_model"),
    )


def _values(run: pd.DataFrame, column: str, *, wants_last: bool = False) -> str:
    if column not in run.columns:
        return "–"
    values = [str(value) for value in dict.fromkeys(run[column].dropna())]
    if not values:
        return "–"
    return values[-1] if wants_last else ", ".join(values)
