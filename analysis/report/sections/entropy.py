"""Show the parts of the cross entropy over training and over the sizes of the model."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, final

import pandas as pd
from matplotlib.figure import Figure

from analysis.excerpt import listed_words
from analysis.figures.canvas import Canvas, new_axes, short_label
from analysis.figures.entropy import PART_TITLES, plot_parts, plot_scaling
from analysis.probes.entropy_dynamics import PARTS
from analysis.probes.half_way import half_way_interval_text
from analysis.probes.probe_tables import read_probe_table
from analysis.report.blocks import Block, FigureBlock, Note, Paragraph, TableBlock
from analysis.report.facts import ReportFacts
from analysis.report.numbers import amount, interval_text, is_defined, number, why
from analysis.report.section import AbstractSection
from configs.counted import counted

__all__ = ["Entropy"]

_MOST_PANELS = 4


@final
class Entropy(AbstractSection):
    """What `seedscope probe entropy` found."""

    id = "entropy"
    title = "The parts of the cross entropy"

    def is_there(self, facts: ReportFacts) -> bool:
        """Whether the probe was run."""
        return facts.paths.probes.table("entropy").is_file() and facts.paths.probes.summary("entropy").is_file()

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """Over training, then over sizes where there are enough."""
        table = read_probe_table(facts.paths.probes.table("entropy"))
        summary = json.loads(facts.paths.probes.summary("entropy").read_text(encoding="utf-8"))
        blocks: list[Block] = [
            Paragraph(
                "Cross entropy = error entropy (of the rank of the correct token) + self-alignment − log norm, "
                "exactly. The parts, not their sum, move with the number of tokens and of observed ranks beside them."
            ),
            _parts_figure(table, summary=summary),
            _half_way_table(summary),
        ]
        scaling = summary["scaling"]
        if not is_defined(scaling):
            return [*blocks, Paragraph(f"There is no fit against size: {why(scaling)}.")]
        return [*blocks, _scaling_figure(table, summary=summary), Note(scaling["statement"])]


def _parts_figure(table: pd.DataFrame, *, summary: Mapping[str, Any]) -> FigureBlock:
    conditions = list(dict.fromkeys(table.condition))[:_MOST_PANELS]

    def draw(canvas: Canvas) -> Figure:
        num_rows, columns = (
            (len(conditions), 1) if canvas.is_narrow else (-(-len(conditions) // 2), min(2, len(conditions)))
        )
        figure, panels = new_axes(
            canvas, height=280 * num_rows + 30, rows=num_rows, columns=columns, bottom=74, shares_y=True
        )
        for axes in panels[len(conditions) :]:
            axes.set_visible(False)
        for axes, condition in zip(panels, conditions, strict=False):
            plot_parts(axes, table[table.condition == condition])
            axes.set_title(short_label(condition))
        for axes in panels[::columns]:
            axes.set_ylabel("nats per token")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="lower left", ncols=2 if canvas.is_narrow else 4)
        return figure

    return FigureBlock(
        name="entropy-parts",
        caption=(
            f"The cross entropy and its parts, nats per token, on {counted(summary['num_tokens'], 'token')}, the same "
            f"for every checkpoint. {_lines_text(table.seed.nunique())}{_left_out_text(table)}"
        ),
        alt=" ".join(_alt(name, summary["conditions"][name]) for name in conditions),
        draw=draw,
        table=_parts_table(summary),
    )


def _lines_text(num_seeds: int) -> str:
    if num_seeds == 1:
        return "Lines: the one seed."
    return f"Strong lines: mean over seeds; thin: each seed (n = {num_seeds})."


def _left_out_text(table: pd.DataFrame) -> str:
    left_out = list(dict.fromkeys(table.condition))[_MOST_PANELS:]
    return f" Not drawn: {listed_words(left_out)}; the table below has them." if left_out else ""


def _alt(name: str, one: Mapping[str, Any]) -> str:
    last = one["last"]
    if not is_defined(last["cross_entropy"]["mean"]):
        return f"{name} has no seed with every interval."
    parts = ", ".join(f"{PART_TITLES[part]} {number(last[part]['mean'])}" for part in PARTS)
    return f"{name} ends at {parts} nats."


def _parts_table(summary: Mapping[str, Any]) -> TableBlock:
    rows = []
    for name, one in summary["conditions"].items():
        for part in PARTS:
            last = one["last"][part]
            full = one["subsets"][3]
            rows.append(
                (
                    name,
                    PART_TITLES[part],
                    number(last["mean"]),
                    interval_text(last["ci95_low"], last["ci95_high"]),
                    str(last["n"]),
                    amount(full["num_tokens"]),
                    number(full["num_ranks"], digits=0),
                )
            )
    return TableBlock(
        name="entropy-parts",
        caption="The parts at the end of training, nats per token: mean over seeds and 95 % t interval.",
        columns=("condition", "part", "mean", "95 % interval", "n", "tokens", "ranks observed"),
        rows=tuple(rows),
    )


def _half_way_table(summary: Mapping[str, Any]) -> TableBlock:
    rows = []
    for name, one in summary["conditions"].items():
        for part in PARTS:
            change, half_way = one["change"][part], one["half_way_step"][part]
            rows.append(
                (
                    name,
                    PART_TITLES[part],
                    number(change["mean"]),
                    number(half_way["mean"], digits=0) if is_defined(half_way) else why(half_way),
                    (half_way_interval_text(half_way) or "–") if is_defined(half_way) else "–",
                )
            )
    return TableBlock(
        name="entropy-half-way",
        caption=(
            "Which part falls when: its whole change in nats, and the first step at which half of it is made "
            "(geometric mean over seeds, interpolated in the logarithm of the step, 95 % t interval). Nothing is told "
            "of steps before the first one measured after 0."
        ),
        columns=("condition", "part", "change", "half-way step", "95 % interval"),
        rows=tuple(rows),
    )


def _scaling_figure(table: pd.DataFrame, *, summary: Mapping[str, Any]) -> FigureBlock:
    conditions = summary["conditions"]
    sizes = [one["num_non_embedding_parameters"] for one in conditions.values()]
    values = {part: _last_by_seed(table, part=part, conditions=list(conditions)) for part in PARTS}

    def draw(canvas: Canvas) -> Figure:
        figure, (axes,) = new_axes(canvas, height=360, bottom=46)
        plot_scaling(axes, sizes=sizes, values=values).legend(loc="best")
        return figure

    fits = summary["scaling"]["fits"]
    of_size = [fit for fit in fits if fit["against"] == "non_embedding"]
    exponents = [
        f"{PART_TITLES[fit['part']]} {number(fit['exponent']['mean'])}"
        for fit in of_size
        if is_defined(fit["exponent"])
    ]
    without = [PART_TITLES[fit["part"]] for fit in of_size if not is_defined(fit["exponent"])]
    return FigureBlock(
        name="entropy-scaling",
        caption=(
            "Absolute value of each part at the end of training against non-embedding parameters; one mark for each "
            f"seed (n = {summary['scaling']['num_seeds']}), lines: least squares on logarithms."
            + (f" Without a line, since the sign changes: {listed_words(without)}." if without else "")
        ),
        alt=f"Exponents against size: {', '.join(exponents) or 'none'}.",
        draw=draw,
        table=TableBlock(
            name="entropy-scaling",
            caption="Exponents of |part| = c · parameters^exponent, mean over seeds and 95 % t interval.",
            columns=(
                "part",
                "parameters",
                "exponent",
                "95 % interval",
                "R²",
                "minus that of cross entropy",
                "95 % interval",
            ),
            rows=tuple(_fit_row(fit) for fit in fits),
        ),
    )


def _fit_row(fit: Mapping[str, Any]) -> tuple[str, ...]:
    opening = (PART_TITLES[fit["part"]], fit["against"].replace("_", "-"))
    if not is_defined(fit["exponent"]):
        return (*opening, why(fit["exponent"]), "", "", "", "")
    exponent, difference = fit["exponent"], fit["minus_cross_entropy"]
    return (
        *opening,
        number(exponent["mean"]),
        interval_text(exponent["ci95_low"], exponent["ci95_high"]),
        number(fit["r_squared"]),
        number(difference["mean"]),
        interval_text(difference["ci95_low"], difference["ci95_high"]),
    )


def _last_by_seed(table: pd.DataFrame, *, part: str, conditions: Sequence[str]) -> dict[int, list[float]]:
    column = "log_norm_nats" if part == "minus_log_norm" else f"{part}_nats"
    sign = -1.0 if part == "minus_log_norm" else 1.0
    last = table[table.interval == table.groupby("condition").interval.transform("max")]
    grid = sign * last.pivot(index="seed", columns="condition", values=column)[list(conditions)].dropna()
    return {int(seed): row.tolist() for seed, row in zip(grid.index, grid.to_numpy(), strict=True)}
