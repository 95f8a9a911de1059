"""Show how alike the predictions of different seeds are inside the checkpoints."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, final

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.canvas import Canvas, new_axes
from analysis.figures.convergence import plot_class_convergence, plot_convergence, plot_references
from analysis.probes.probe_tables import read_probe_table
from analysis.report.blocks import Block, FigureBlock, Note, Paragraph, TableBlock
from analysis.report.facts import ReportFacts
from analysis.report.numbers import amount, is_defined, number, why
from analysis.report.section import AbstractSection

__all__ = ["Convergence"]

_SYSTEMS = {
    "frequency": "occurrences of the next token in the training text",
    "surprisal": "final surprisal of the next token, nats",
    "pos_next": "part of speech of the next token",
}
_NUMBERS = ("convergence_nats", "jackknife_se", "resample_se", "kl_to_uniform_nats", "kl_to_unigram_nats")
_PARTS_OF_SPEECH = ("nouns", "verbs", "JJ", "function words", "content words")


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
        classes = _class_figure(table)
        blocks += [classes] if classes else []
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
        plot_references(right, table).legend(loc="best", fontsize=8)
        return figure

    return FigureBlock(
        name="convergence",
        caption=(
            f"Left: expected convergence in nats over n = {num_seeds} seeds and {num_contexts:,} contexts; band: 95 % "
            "t interval over seeds from the delete-one-seed jackknife, pointwise; rings: where detected phases meet. "
            "Right: mean KL from the models to the uniform (dotted) and to the smoothed unigram distribution."
        ),
        alt=_alt(table),
        draw=draw,
        table=TableBlock(
            name="convergence",
            caption=f"Expected convergence, nats (n = {num_seeds} seeds, {num_contexts:,} contexts).",
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


def _alt(table: pd.DataFrame) -> str:
    sentences = []
    for condition, rows in table.groupby("condition", sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        sentences.append(
            f"{condition}: convergence goes from {number(first.convergence_nats)} nats at step {amount(first.step)} to "
            f"{number(last.convergence_nats)} at step {amount(last.step)}."
        )
    return " ".join(sentences)


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


def _class_figure(table: pd.DataFrame) -> FigureBlock | None:
    """Of the last condition, the largest model of a ladder."""
    condition = str(table.condition.iloc[-1])
    rows = table[table.condition == condition]
    systems = [system for system in _SYSTEMS if (rows.class_system == system).any()]
    if not systems:
        return None

    def draw(canvas: Canvas) -> Figure:
        num_rows, columns = (len(systems), 1) if canvas.is_narrow else (1, len(systems))
        figure, panels = new_axes(
            canvas, height=330 * num_rows, rows=num_rows, columns=columns, gap_x=20, left=66, bottom=46, shares_y=True
        )
        for axes, system in zip(panels, systems, strict=True):
            of_system = rows[rows.class_system == system]
            names = _PARTS_OF_SPEECH if system == "pos_next" else tuple(of_system["class"].unique())
            plot_class_convergence(axes, of_system, classes=names).legend(loc="lower left", fontsize=8)
            axes.set_title(system.replace("pos_next", "part of speech"))
        for axes in panels if canvas.is_narrow else panels[:1]:
            axes.set_ylabel("convergence (nats)")
        for axes in () if canvas.is_narrow else panels[1:]:
            axes.set_ylabel("")
        return figure

    last = rows[(rows.interval == rows.interval.max()) & rows.class_system.isin(systems)]
    known = last[last.convergence_nats.notna()]
    least, most = known.loc[known.convergence_nats.idxmin()], known.loc[known.convergence_nats.idxmax()]
    return FigureBlock(
        name="convergence-classes",
        caption=(
            f"Expected convergence of {condition} by class of context, nats: "
            f"{'; '.join(_SYSTEMS[system] for system in systems)}. In brackets: contexts of the class. Classes of "
            "fewer than 30 contexts are not drawn."
        ),
        alt=(
            f"At the end the seeds differ most on {least['class']} ({least.class_system}, "
            f"{number(least.convergence_nats)} nats) and least on {most['class']} ({most.class_system}, "
            f"{number(most.convergence_nats)} nats)."
        ),
        draw=draw,
    )


def _apart_note(name: str, one: Mapping[str, Any]) -> Note:
    seeds = ", ".join(f"{seed['seed']} ({number(seed['mean_kl_nats'])} nats)" for seed in one["seeds_apart"])
    return Note(f"{name}: at the end these seeds stand apart from the others, whose median is far lower: {seeds}.")
