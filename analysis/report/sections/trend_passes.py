"""Show what noise, mixtures and multiple-choice items tell of the size of a model."""

from collections.abc import Sequence
from functools import partial
from typing import Any, final

from analysis.figures.trends import plot_accuracy
from analysis.percent import percent
from analysis.probes.probe_tables import read_probe_table
from analysis.report.blocks import Block, FigureBlock, TableBlock
from analysis.report.facts import ReportFacts
from analysis.report.numbers import interval_text, is_defined, number, why
from analysis.report.section import AbstractSection
from analysis.report.trend_panels import draw_panels, read_trends
from analysis.report.trend_texts import text_blocks
from analysis.trends.choice_tables import ALL_TASKS
from configs.counted import counted

__all__ = ["TrendPasses"]


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
            blocks += text_blocks(facts, summary=summary, conditions=conditions)
        if is_defined(summary["choices"]):
            blocks += _choice_blocks(facts, summary=summary, conditions=conditions)
        return blocks


def _choice_blocks(facts: ReportFacts, *, summary: dict[str, Any], conditions: list[str]) -> list[Block]:
    rows = read_probe_table(facts.paths.probes.table("trend_choices"))
    every = rows[rows["task"] == ALL_TASKS]
    chance = float(every["chance"].iloc[0])
    last = rows[rows["interval"] == rows.groupby("condition")["interval"].transform("max")]
    means = last.groupby(["task", "condition"], sort=False)[["accuracy", "num_items", "chance"]].mean()
    tasks = {task["task"]: task for task in summary["choices"]["tasks"]}
    num_seeds = int(every["seed"].nunique())
    has_growth = any(is_defined(task["of_mean"]) for task in tasks.values())
    growth_columns = ("linearity", "breakthroughness") if has_growth else ()
    growth_words = "; BIG-bench's linearity over sizes of the mean" if has_growth else ""
    table = TableBlock(
        name="trend-choices",
        caption=(
            f"Two-shot items at the last interval: accuracy{_over(num_seeds)}; Spearman's rho of accuracy with loss "
            f"over all checkpoints{', 95 % t interval over seeds' if num_seeds > 1 else ''}{growth_words}."
        ),
        columns=("task", "items", "chance", *conditions, "rho with loss", *growth_columns),
        rows=tuple(
            (
                name,
                f"{means.loc[name]['num_items'].iloc[0]:.0f}",
                percent(means.loc[name]["chance"].iloc[0], digits=1),
                *(percent(means.loc[(name, condition)]["accuracy"], digits=1) for condition in conditions),
                _rho_cell(task["with_loss"]),
                *(_growth_cells(task["of_mean"]) if growth_columns else ()),
            )
            for name, task in tasks.items()
        ),
    )
    panels = [("all items", partial(plot_accuracy, rows=every, conditions=conditions, chance=chance))]
    return [
        FigureBlock(
            name="trend-accuracy",
            caption=(
                f"Accuracy on {counted(int(every['num_items'].iloc[0]), 'two-shot multiple-choice item')} over the "
                "loss on all tokens, which falls to the right: every checkpoint of every seed."
                f"{_left_out_text(summary['choices']['num_items_left_out'])}"
            ),
            alt=_alt(means.loc[ALL_TASKS], conditions=conditions, chance=chance),
            draw=partial(draw_panels, panels=panels, conditions=conditions),
            table=table,
        )
    ]


def _over(num_seeds: int) -> str:
    return "" if num_seeds == 1 else ", mean over seeds"


def _left_out_text(num_left_out: int) -> str:
    return f" Left out, since they do not fit a window: {counted(num_left_out, 'item')}." if num_left_out else ""


# Any: pandas has no type for a frame by condition that says what its columns hold.
def _alt(means: Any, *, conditions: Sequence[str], chance: float) -> str:
    ends = [f"{condition} {percent(means.loc[condition]['accuracy'], digits=1)}" for condition in conditions]
    return f"Scatter of accuracy against loss. At the end: {', '.join(ends)}; chance is {percent(chance, digits=1)}."


def _rho_cell(correlation: Any) -> str:
    if not is_defined(correlation):
        return why(correlation)
    interval = correlation["interval"]
    if not is_defined(interval["mean"]):
        return why(interval["mean"])
    rho = number(interval["mean"], digits=2)
    if interval["n"] == 1:
        return f"{rho} (1 seed)"
    return f"{rho} {interval_text(interval['ci95_low'], interval['ci95_high'], digits=2)}"


def _growth_cells(growth: Any) -> tuple[str, str]:
    if not is_defined(growth):
        return why(growth), "–"
    return number(growth["linearity"], digits=2), number(growth["breakthroughness"], digits=2)
