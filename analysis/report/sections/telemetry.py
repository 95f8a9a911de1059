"""Show steps, volatility and backslides beside the noise of their measurement."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.figures.canvas import Canvas, new_axes
from analysis.figures.level_axis import LevelAxis
from analysis.figures.telemetry_strip import delta_limits, plot_backslides, plot_deltas, plot_volatility
from analysis.grid import Grid
from analysis.report.blocks import Block, Bullets, FigureBlock, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, caption, heading, of_condition, sentence
from analysis.report.numbers import is_defined, number, why
from analysis.report.section import AbstractSection
from analysis.rolling import deltas_of
from configs.counted import counted

__all__ = ["Telemetry"]

LOSS = "val_loss"
SERIES_TITLES = {"loss": "loss", "loss_about_line": "loss about its line", "grad_norm": "gradient norm"}


@final
class Telemetry(AbstractSection):
    """Counts by both families of rules, each with what it can show."""

    id = "telemetry"
    title = "Telemetry, and its noise floor"

    def is_there(self, facts: ReportFacts) -> bool:
        """Whether some condition has telemetry and two levels."""
        return any(_is_drawable(condition) for condition in facts.drawn_conditions)

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """A strip and the counts, for each condition."""
        return [
            block
            for condition in facts.drawn_conditions
            if _is_drawable(condition)
            for block in (
                *heading(condition, facts=facts),
                _figure(condition, facts=facts),
                Bullets(tuple(_findings(condition))),
            )
        ]


def _is_drawable(condition: Condition) -> bool:
    return (
        is_defined(condition.statistics["telemetry"])
        and condition.has(LOSS)
        and condition.grid(LOSS).num_levels > 1
        and bool(np.isfinite(deltas_of(condition.grid(LOSS).values)).any())
    )


def _figure(condition: Condition, *, facts: ReportFacts) -> FigureBlock:
    losses = condition.grid(LOSS)
    deltas = Grid(values=deltas_of(losses.values), subjects=losses.subjects, levels=losses.levels)
    axis = condition.axis(losses.levels)
    error = _standard_error(condition)
    floor = None if error is None else _noise_multiple(condition) * error
    has_volatility = condition.has("rolling_volatility")

    def draw(canvas: Canvas) -> Figure:
        heights = (1.5, 1.2, 0.8) if has_volatility else (1.5, 0.8)
        figure, panels = new_axes(
            canvas,
            height=560 if has_volatility else 400,
            rows=len(heights),
            gap_y=34,
            row_heights=heights,
            shares_x=True,
        )
        plot_deltas(panels[0], deltas, axis=axis, noise_floor=floor)
        panels[0].set_title(f"change from one {condition.level_noun} to the next, nats")
        if has_volatility:
            plot_volatility(panels[1], condition.grid("rolling_volatility"), axis=axis, noise_floor=error)
            panels[1].set_title("rolling volatility, nats")
        _draw_backslides(panels[-1], condition=condition, axis=axis)
        for axes in panels[:-1]:
            axes.set_xlabel("")
        return figure

    return FigureBlock(
        name=block_name("telemetry", condition=condition, facts=facts),
        caption=_caption(condition, deltas=deltas, floor=floor, error=error, facts=facts),
        alt=_alt(condition),
        draw=draw,
        table=_table(condition, deltas=deltas, facts=facts),
    )


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _draw_backslides(axes: Any, *, condition: Condition, axis: LevelAxis) -> None:
    telemetry = condition.statistics["telemetry"]
    robust = telemetry["robust"]["backslides"]
    beyond = _by_level(robust, axis=axis) if is_defined(robust) else None
    plot_backslides(
        axes,
        axis=axis,
        every=_by_level(telemetry["published"]["backslides"], axis=axis),
        beyond=beyond,
        num_seeds=condition.grid(LOSS).num_subjects,
    )
    axes.set_title("seeds that got worse (◆ beyond noise)" if beyond is not None else "seeds that got worse")


def _by_level(count: Any, *, axis: LevelAxis) -> NDArray[np.int64]:
    num_flagged = Counter(cell["level"] for cell in count["cells"])
    return np.array([num_flagged[level] for level in axis.levels], dtype=np.int64)


def _standard_error(condition: Condition) -> float | None:
    """The median standard error of the paired difference of two evaluations, in nats."""
    error = condition.statistics["telemetry"]["robust"]["median_standard_error"]
    return float(error) if is_defined(error) else None


def _noise_multiple(condition: Condition) -> float:
    return float(condition.statistics["telemetry"]["config"]["backslide_noise_multiple"])


def _caption(
    condition: Condition, *, deltas: Grid, floor: float | None, error: float | None, facts: ReportFacts
) -> str:
    window = condition.statistics["telemetry"]["config"]["window"]
    beyond = _num_below(condition, deltas=deltas, floor=floor)
    text = (
        f"{of_condition(condition, facts=facts)}above, the change of validation loss of each seed "
        f"(n = {deltas.num_subjects}){f'; {beyond}' if beyond else ''}."
    )
    if floor is not None and error is not None:
        text += (
            f" Grey band: the noise floor, ±{number(floor)} nats, {_noise_multiple(condition):g} times the standard "
            f"error of a change, {number(error)} nats: that of the difference of two evaluations, token by token on "
            "the same tokens (median over cells). A change inside it may be noise of the evaluation slice."
        )
    else:
        text += " The noise floor is not known: the losses of single evaluation tokens are not at hand."
    text += f" Rolling volatility: SD of the last {window} changes, which a steady fall makes large, too."
    if error is not None:
        text += " Dashed: one such standard error, what noise alone would show."
    return sentence(text)


def _num_below(condition: Condition, *, deltas: Grid, floor: float | None) -> str:
    """How many changes lie below the axis that `plot_deltas` draws; empty where none does."""
    shown = deltas.values[:, condition.axis(deltas.levels).shown]
    low, _ = delta_limits(shown, noise_floor=floor or 0.0)
    below = int((shown < low).sum())
    if not below:
        return ""
    lies, its = ("lies", "its mean") if below == 1 else ("lie", "their means")
    return f"{counted(below, 'change')} {lies} below the axis; the table has {its}"


def _alt(condition: Condition) -> str:
    telemetry = condition.statistics["telemetry"]
    robust = telemetry["robust"]["backslides"]
    beyond = f", {robust['text']} beyond noise" if is_defined(robust) else ""
    every = telemetry["published"]["backslides"]["text"]
    return f"Strip of charts over {condition.level_noun}s. Backslides: {every}{beyond}."


def _table(condition: Condition, *, deltas: Grid, facts: ReportFacts) -> TableBlock:
    columns = _table_columns(condition, deltas=deltas)
    volatility = " and mean rolling volatility" if "mean volatility" in columns else ""
    return TableBlock(
        name=block_name("telemetry-levels", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text=f"mean change{volatility} over n = {counted(deltas.num_subjects, 'seed')}, nats, and "
            f"how many seeds got worse.",
        ),
        columns=tuple(columns),
        rows=tuple(zip(*columns.values(), strict=True)),
    )


def _table_columns(condition: Condition, *, deltas: Grid) -> dict[str, list[str]]:
    """Texts by column; what is known at no level has no column."""
    axis, telemetry = condition.axis(deltas.levels), condition.statistics["telemetry"]
    columns = {
        condition.within: [str(level) for level in deltas.levels],
        "mean change": [number(mean) for mean in _means(deltas.values)],
    }
    if condition.has("rolling_volatility"):
        volatility = condition.grid("rolling_volatility")
        known = dict(zip(volatility.levels, _means(volatility.values), strict=True))
        columns["mean volatility"] = [number(known.get(level)) for level in deltas.levels]
    columns["worse"] = [str(count) for count in _by_level(telemetry["published"]["backslides"], axis=axis)]
    robust = telemetry["robust"]["backslides"]
    if is_defined(robust):
        columns["worse beyond noise"] = [str(count) for count in _by_level(robust, axis=axis)]
    return columns


def _means(values: NDArray[np.float64]) -> list[float]:
    return [float(column[np.isfinite(column)].mean()) if np.isfinite(column).any() else np.nan for column in values.T]


def _findings(condition: Condition) -> list[str]:
    telemetry = condition.statistics["telemetry"]
    published, robust = telemetry["published"], telemetry["robust"]
    beyond_noise = _of_noise(robust["backslides_of_noise"]) if is_defined(robust["backslides"]) else ""
    found = [
        f"Backslides: {published['backslides']['text']}{_of_noise(published['backslides_of_noise'])}. Beyond "
        f"{_noise_multiple(condition):g} standard errors of a change: {_text(robust['backslides'])}{beyond_noise}.",
        f"Spikes by the published rule: {published['spikes']['text']}; {published['spike_rule']['why'].rstrip('.')}.",
        f"Spikes by a rule that looks at the past only: {_text(robust['spikes'])}; {robust['spike_rule']['why']}.",
        *_step_spikes(robust.get("step_spikes")),
        f"Stable phase by the published rule: {published['stable_phase']['candidates']['text']}; "
        f"{published['stable_phase']['why']}.",
        f"Stable phase by equivalence ({_rule(robust['stable_phase'])}): {_text(robust['stable_phase'])}.",
    ]
    return [condition.said(text) for text in found]


def _rule(stable: Any) -> str:
    return str(stable["rule"]["rule"]) if is_defined(stable) else "declared margins"


def _text(count: Any) -> str:
    if not is_defined(count):
        return f"undefined ({why(count)})"
    return str(count["text"]).rstrip(".")


def _of_noise(null: Any) -> str:
    if not is_defined(null) or not is_defined(null["expected"]):
        return ""
    expected = null["expected"]
    return f" (a plateau of pure noise would give {number(expected, digits=0 if expected >= 10 else 1)})"


def _step_spikes(spikes: Any) -> list[str]:
    if not is_defined(spikes):
        return [f"Spikes of single training steps: undefined ({why(spikes)})."]
    return [
        f"Spikes of single training steps, {SERIES_TITLES.get(name, name)}, beyond {spikes['sd_multiple']:g} SD of the "
        f"previous {spikes['window']} steps: {_text(series)}{_rate(series)}."
        for name, series in spikes["series"].items()
    ]


def _rate(series: Any) -> str:
    if not is_defined(series) or not is_defined(series["rate_high95"]):
        return ""
    low, high = (f"{100 * series[end]:.2g}" for end in ("rate_low95", "rate_high95"))
    return f", a rate of {low} to {high} % (two-sided 95 % interval of Clopper and Pearson)"
