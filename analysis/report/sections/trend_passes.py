"""Show what noise, mixtures and multiple-choice items tell of the size of a model."""

from collections.abc import Sequence
from functools import partial
from typing import Any, final

import pandas as pd

from analysis.figures.trends import plot_accuracy, plot_text_history, plot_texts
from analysis.probes.probe_tables import read_probe_table
from analysis.report.blocks import Block, FigureBlock, TableBlock
from analysis.report.facts import ReportFacts
from analysis.report.numbers import interval_text, is_defined, number, why
from analysis.report.section import AbstractSection
from analysis.report.trend_panels import draw_panels, read_trends
from analysis.trends.choice_tables import ALL_TASKS

__all__ = ["TrendPasses"]

_NOISE = {f"noise-{percent}": str(percent) for percent in (0, 20, 40, 60, 80, 100)}
_INVERSE = "small-minus-large/nucleus"
_MIXTURES = {
    "story": "story",
    "large-minus-small/nucleus": "l − s",
    "large/nucleus": "l",
    "small-plus-large/nucleus": "s + l",
    "small/nucleus": "s",
    _INVERSE: "s − l",
}


@final
class TrendPasses(AbstractSection):
    """What `seedscope probe trends` found in passes of its own; there once it has been run."""

    id = "trend-passes"
    title = "Noise, mixtures and choices"

    def is_there(self, facts: ReportFacts) -> bool:
        """Whether texts or items were scored."""
        paths = facts.paths.probes
        return paths.summary("trends").is_file() and any(
            is_defined(read_trends(facts)[part]) for part in ("texts", "choices")
        )

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """Texts, then choices."""
        summary = read_trends(facts)
        conditions = list(summary["sizes"])
        blocks: list[Block] = []
        if is_defined(summary["texts"]):
            blocks += _text_blocks(facts, summary=summary, conditions=conditions)
        if is_defined(summary["choices"]):
            blocks += _choice_blocks(facts, summary=summary, conditions=conditions)
        return blocks


def _text_blocks(facts: ReportFacts, *, summary: dict[str, Any], conditions: list[str]) -> list[Block]:
    rows = read_probe_table(facts.paths.probes.table("trend_texts"))
    last = rows[(rows["interval"] == rows.groupby("condition")["interval"].transform("max")) & ~rows["is_writer"]]
    panels = [
        ("random tokens (%)", partial(plot_texts, rows=last, conditions=conditions, names=_NOISE)),
        ("written by mixtures", partial(plot_texts, rows=last, conditions=conditions, names=_MIXTURES)),
        ("written by s − l", partial(plot_text_history, rows=_history(rows), conditions=conditions)),
    ]
    has_mixtures = rows["texts"].isin(list(_MIXTURES)).any()
    by_size = summary["texts"]["by_size"]
    table = TableBlock(
        name="trend-texts",
        caption="Slope of the loss over ln(parameters) at the last interval, nats per token, with its 95 % t interval.",
        columns=("texts", "slope", "95 % t interval", "verdict"),
        rows=tuple((one["texts"], *_slope_cells(one["slope"]), one["verdict"]) for one in by_size),
    )
    worse = [one["texts"] for one in by_size if one["verdict"] == "larger models predict worse"]
    return [
        FigureBlock(
            name="trend-text-losses",
            caption=(
                "Loss at the last interval on stories with a share of random tokens, on texts that mixtures of the "
                "smallest (s) and the largest (l) model wrote (nucleus .9), and over training on those of s − l. Mean "
                "over seeds, without the seed whose models wrote; band: 95 % t interval."
            ),
            alt=f"Line charts. Larger models predict worse: {', '.join(worse) or 'none of the texts'}.",
            draw=partial(draw_panels, panels=panels if has_mixtures else panels[:1], conditions=conditions),
            table=table,
        )
    ]


def _history(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows["texts"] == _INVERSE) & ~rows["is_writer"] & (rows["step"] > 0)]


def _choice_blocks(facts: ReportFacts, *, summary: dict[str, Any], conditions: list[str]) -> list[Block]:
    rows = read_probe_table(facts.paths.probes.table("trend_choices"))
    every = rows[rows["task"] == ALL_TASKS]
    chance = float(every["chance"].iloc[0])
    last = rows[rows["interval"] == rows.groupby("condition")["interval"].transform("max")]
    means = last.groupby(["task", "condition"], sort=False)[["accuracy", "num_items", "chance"]].mean()
    tasks = {task["task"]: task for task in summary["choices"]["tasks"]}
    table = TableBlock(
        name="trend-choices",
        caption=(
            "Two-shot items at the last interval: mean accuracy over seeds; Spearman's rho of accuracy with loss over "
            "all checkpoints, 95 % t interval over seeds; BIG-bench's linearity over sizes of the mean."
        ),
        columns=("task", "items", "chance", *conditions, "rho with loss", "linearity", "breakthroughness"),
        rows=tuple(
            (
                name,
                f"{means.loc[name]['num_items'].iloc[0]:.0f}",
                f"{means.loc[name]['chance'].iloc[0]:.1%}",
                *(f"{means.loc[(name, condition)]['accuracy']:.1%}" for condition in conditions),
                _rho_cell(task["with_loss"]),
                *_growth_cells(task["of_mean"]),
            )
            for name, task in tasks.items()
        ),
    )
    panels = [("all items", partial(plot_accuracy, rows=every, conditions=conditions, chance=chance))]
    left_out = summary["choices"]["num_items_left_out"]
    return [
        FigureBlock(
            name="trend-accuracy",
            caption=(
                f"Accuracy on {int(every['num_items'].iloc[0])} two-shot multiple-choice items over the loss on all "
                "tokens, which falls to the right: every checkpoint of every seed. "
                f"{left_out} items did not fit a window."
            ),
            alt=f"Scatter of accuracy against loss; chance is {chance:.1%}.",
            draw=partial(draw_panels, panels=panels, conditions=conditions),
            table=table,
        )
    ]


def _slope_cells(slope: Any) -> tuple[str, str]:
    if not is_defined(slope):
        return "–", why(slope)
    return number(slope["mean"], digits=3), interval_text(slope["ci95_low"], slope["ci95_high"], digits=3)


def _rho_cell(correlation: Any) -> str:
    if not is_defined(correlation):
        return why(correlation)
    interval = correlation["interval"]
    return (
        f"{number(interval['mean'], digits=2)} {interval_text(interval['ci95_low'], interval['ci95_high'], digits=2)}"
    )


def _growth_cells(growth: Any) -> tuple[str, str]:
    if not is_defined(growth):
        return why(growth), "–"
    return number(growth["linearity"], digits=2), number(growth["breakthroughness"], digits=2)
