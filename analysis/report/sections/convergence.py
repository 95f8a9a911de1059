"""Show how alike the predictions of different seeds are inside the checkpoints."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, final

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.canvas import Canvas, new_axes
from analysis.figures.convergence import plot_convergence, plot_references
from analysis.probes.probe_tables import read_probe_table
from analysis.report.blocks import Block, FigureBlock, Note, Paragraph, TableBlock
from analysis.report.convergence_classes import class_blocks
from analysis.report.facts import ReportFacts
from analysis.report.numbers import amount, is_defined, number, why
from analysis.report.section import AbstractSection
from configs.counted import counted

__all__ = ["Convergence"]

_BETWEEN = "between seeds"
_FROM = "from simple distributions"
_NUMBERS = ("convergence_nats", "jackknife_se", "resample_se", "kl_to_uniform_nats", "kl_to_unigram_nats")


@final
class Convergence(AbstractSection):
    """What `seedscope probe convergence` found."""

    id = "convergence"
    title = "Convergence between seeds"

    def is_there(self, facts: ReportFacts) -> bool:
        """Whether the probe was run."""
        return facts.paths.probes.table("convergence").is_file() and facts.paths.probes.summary("convergence").is_file()

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """The curve with its phases, then the classes of contexts."""
        table = read_probe_table(facts.paths.probes.table("convergence"))
        summary = json.loads(facts.paths.probes.summary("convergence").read_text(encoding="utf-8"))
        everything = table[table.class_system == "all"]
        blocks: list[Block] = [
            Paragraph(
                "Expected convergence is minus the mean Kullback-Leibler divergence between the next-token "
                "distributions of all ordered pairs of seeds: 0 where all predict the same, rising as they grow alike."
            ),
            _curve_figure(everything, summary=summary),
            _phase_table(summary),
        ]
        blocks += class_blocks(table)
        blocks += [_apart_note(name, one) for name, one in summary["conditions"].items() if one["seeds_apart"]]
        return blocks


def _curve_figure(table: pd.DataFrame, *, summary: Mapping[str, Any]) -> FigureBlock:
    borders = [(name, phase["to_step"]) for name, one in summary["conditions"].items() for phase in one["phases"][:-1]]
    num_seeds, num_contexts = int(table.num_seeds.max()), int(table.num_contexts.iloc[0])

    def draw(canvas: Canvas) -> Figure:
        num_rows, columns = (2, 1) if canvas.is_narrow else (1, 2)
        figure, (left, right) = new_axes(
            canvas, height=320 * num_rows, rows=num_rows, columns=columns, gap_x=74, left=66, bottom=46
        )
        plot_convergence(left, table, borders=borders).legend(loc="best")
        left.set_title(_BETWEEN)
        plot_references(right, table).legend(loc="best", fontsize=8)
        right.set_title(_FROM)
        return figure

    return FigureBlock(
        name="convergence",
        caption=_caption(table, has_rings=bool(borders)),
        alt=_alt(table),
        draw=draw,
        table=TableBlock(
            name="convergence",
            caption=f"Expected convergence, nats (n = {num_seeds} seeds, {counted(num_contexts, 'context')}).",
            columns=("condition", "step", "convergence", "jackknife SE", "story SE", "KL to uniform", "KL to unigram"),
            rows=tuple(
                (
                    str(row["condition"]),
                    amount(row["step"]),
                    *(number(float(row[column])) for column in _NUMBERS),
                )
                for row in table.to_dict("records")
            ),
            is_folded=True,
        ),
    )


def _caption(table: pd.DataFrame, *, has_rings: bool) -> str:
    """What is drawn, and no more: two seeds have no band, and models may have no unigram distribution."""
    num_seeds, num_contexts = int(table.num_seeds.max()), int(table.num_contexts.iloc[0])
    between = f"expected convergence in nats over n = {num_seeds} seeds and {counted(num_contexts, 'context')}"
    if table.jackknife_se.notna().any():
        between += "; band: 95 % t interval over seeds from the delete-one-seed jackknife, pointwise"
    if has_rings:
        between += "; rings: where detected phases meet"
    references = "the uniform distribution (dotted)"
    if table.kl_to_unigram_nats.notna().any():
        references += " and to the smoothed unigram distribution (solid)"
    return f"{_BETWEEN.capitalize()}: {between}. {_FROM.capitalize()}: mean KL from the models to {references}."


def _alt(table: pd.DataFrame) -> str:
    return " ".join(_alt_of(str(condition), rows) for condition, rows in table.groupby("condition", sort=False))


def _alt_of(condition: str, rows: pd.DataFrame) -> str:
    first, last = rows.iloc[0], rows.iloc[-1]
    goes = [("convergence", "convergence_nats"), ("the KL to the uniform distribution", "kl_to_uniform_nats")]
    if rows.kl_to_unigram_nats.notna().any():
        goes.append(("that to the unigram distribution", "kl_to_unigram_nats"))
    moves = [f"{name} goes from {number(first[column])} to {number(last[column])} nats" for name, column in goes]
    return f"{condition}, from step {amount(first.step)} to step {amount(last.step)}: {'; '.join(moves)}."


def _phase_table(summary: Mapping[str, Any]) -> Block:
    rows = tuple(
        (
            name,
            phase["name"],
            f"{amount(phase['from_step'])} to {amount(phase['to_step'])}",
            number(phase["change_nats"]),
            _range(phase["over_seeds"], key="end_steps"),
            _range(phase["over_stories"], key="end_steps"),
        )
        for name, one in summary["conditions"].items()
        for phase in one["phases"]
    )
    if not rows and all(len(one["curve"]) == 1 for one in summary["conditions"].values()):
        return Note("One interval shows no change, and so no phase.")
    if not rows:
        return Note("No phase was detected: the convergence changes by less than the declared margin throughout.")
    return TableBlock(
        name="convergence-phases",
        caption=(
            f"Detected phases: runs of the curve that change it by more than {summary['phase_rule']['margin_nats']} "
            "nats and by more than two jackknife standard errors. The range of a phase's end is that over the curves "
            "with one seed left out, and over stories drawn again, widened by one checkpoint. Phases that are not "
            "listed are not there."
        ),
        columns=("condition", "phase", "steps", "change, nats", "its end, over seeds", "its end, over stories"),
        rows=rows,
    )


def _range(one: Mapping[str, Any], *, key: str) -> str:
    steps = one[key]
    if not is_defined(steps):
        return why(steps)
    return f"{amount(steps[0])} to {amount(steps[1])} ({one['num_found']} of {one['num_repeats']})"


def _apart_note(name: str, one: Mapping[str, Any]) -> Note:
    seeds = ", ".join(f"{seed['seed']} ({number(seed['mean_kl_nats'])} nats)" for seed in one["seeds_apart"])
    who = "this seed stands" if len(one["seeds_apart"]) == 1 else "these seeds stand"
    return Note(f"{name}: at the end {who} apart from the others, whose median is far lower: {seeds}.")
