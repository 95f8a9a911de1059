"""Show how the loss of random, true and written texts goes with the size of the model, and name the texts in words."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.excerpt import listed_words
from analysis.figures.trends import plot_text_history, plot_texts
from analysis.probes.probe_tables import read_probe_table
from analysis.report.blocks import Block, FigureBlock, Note, TableBlock
from analysis.report.facts import ReportFacts
from analysis.report.numbers import interval_text, is_defined, number, why
from analysis.report.trend_panels import draw_panels, mean_and_band
from analysis.trends.text_tables import BETTER, WORSE

__all__ = ["text_blocks", "text_words"]

_NOISE = {f"noise-{share}": str(share) for share in (0, 20, 40, 60, 80, 100)}
_INVERSE = "small-minus-large/nucleus"
_MIXTURES = {
    "story": "story",
    "large-minus-small/nucleus": "l − s",
    "large/nucleus": "l",
    "small-plus-large/nucleus": "s + l",
    "small/nucleus": "s",
    _INVERSE: "s − l",
}
_WRITERS = {
    "small": "the smallest model",
    "large": "the largest model",
    "small-plus-large": "smallest + largest",
    "small-minus-large": "smallest − largest",
    "large-minus-small": "largest − smallest",
}


@dataclass(frozen=True, slots=True)
class _Panel:
    """A plot, and what a caption says of it."""

    title: str
    caption: str
    plot: Callable[[Axes], Axes]


def text_words(name: str) -> str:
    """A set of texts in words, such as `stories with 20 % random tokens`.

    Args:
        name: As `trend_texts.parquet` has it.
    """
    if name in _NOISE:
        share = int(_NOISE[name])
        return {0: "stories as they are", 100: "random tokens alone"}.get(
            share, f"stories with {share} % random tokens"
        )
    writer, slash, decoder = name.partition("/")
    return f"texts by {_WRITERS.get(writer, writer)} ({decoder})" if slash else "stories continued as they are"


def text_blocks(facts: ReportFacts, *, summary: dict[str, Any], conditions: Sequence[str]) -> list[Block]:
    """The losses, and what size has to do with them where there is more than one.

    Args:
        facts: Where the tables are.
        summary: The tree of trends.json.
        conditions: By size.
    """
    rows = read_probe_table(facts.paths.probes.table("trend_texts"))
    rows = rows[~rows["is_writer"]]
    last = rows[rows["interval"] == rows.groupby("condition")["interval"].transform("max")]
    panels = _panels(rows, last=last, conditions=conditions)
    has_one_size = len(set(summary["sizes"].values())) == 1
    by_size = summary["texts"]["by_size"]
    figure = FigureBlock(
        name="trend-text-losses",
        caption=" ".join((*(panel.caption for panel in panels), mean_and_band(last["seed"].nunique()))),
        alt=_alt(last, conditions=conditions) + _verdicts(by_size, drawn=_drawn(last)),
        draw=partial(draw_panels, panels=[(panel.title, panel.plot) for panel in panels], conditions=conditions),
        table=_loss_table(last, conditions=conditions),
    )
    if has_one_size:
        return [
            figure,
            Note("With one size of model it cannot be said which of these texts larger models predict better."),
        ]
    return [figure, _size_table(by_size)]


def _panels(rows: pd.DataFrame, *, last: pd.DataFrame, conditions: Sequence[str]) -> list[_Panel]:
    """Those for which there are texts; a lone seed has none that its own models did not write."""
    noise = partial(plot_texts, rows=last, conditions=conditions, names=_NOISE, xlabel="random tokens (%)")
    panels = [
        _Panel(
            "stories with random tokens",
            "Stories with random tokens: loss at the last interval on stories of which a share of tokens was replaced.",
            noise,
        )
    ]
    if _drawn(last) > set(_NOISE):
        mixtures = partial(plot_texts, rows=last, conditions=conditions, names=_MIXTURES, xlabel="writer")
        panels.append(
            _Panel(
                "texts by mixtures",
                "Texts by mixtures: the same on what mixtures of the smallest (s) and the largest (l) model wrote "
                "(nucleus .9), and on what the stories really say there, without the seed whose models wrote.",
                mixtures,
            )
        )
    history = rows[(rows["texts"] == _INVERSE) & (rows["step"] > 0)]
    if len(history):
        panels.append(
            _Panel(
                "texts by s − l",
                "Texts by s − l: the loss on those over training.",
                partial(plot_text_history, rows=history, conditions=conditions),
            )
        )
    return panels


def _drawn(last: pd.DataFrame) -> set[str]:
    """Texts that some panel shows; greedily written ones are in the tables alone."""
    return {*_NOISE, *_MIXTURES} if set(last["texts"]).issuperset(_MIXTURES) else set(_NOISE)


def _alt(last: pd.DataFrame, *, conditions: Sequence[str]) -> str:
    means = last.groupby(["condition", "texts"])["loss_nats"].mean()
    parts = [
        f"from {number(means[condition]['noise-0'], digits=2)} to "
        f"{number(means[condition]['noise-100'], digits=2)} in {condition}"
        for condition in conditions
        if condition in means
    ]
    return (
        f"Line charts. From no random token to random tokens alone the loss, nats per token, goes {'; '.join(parts)}."
    )


def _verdicts(by_size: Sequence[dict[str, Any]], *, drawn: Collection[str]) -> str:
    """Of the texts that are drawn those that have a verdict."""
    text = ""
    for word, verdict in (("better", BETTER), ("worse", WORSE)):
        names = [text_words(one["texts"]) for one in by_size if one["texts"] in drawn and one["verdict"] == verdict]
        text += f" Larger models predict {word}: {listed_words(names, most=len(names))}." if names else ""
    return text


def _loss_table(last: pd.DataFrame, *, conditions: Sequence[str]) -> TableBlock:
    means = last.groupby(["texts", "condition"], sort=False)["loss_nats"].mean()
    names = list(dict.fromkeys(last["texts"]))
    return TableBlock(
        name="trend-text-losses",
        caption="Loss at the last interval, nats per token, mean over seeds that did not write the texts.",
        columns=("texts", "what they are", *conditions),
        rows=tuple(
            (name, text_words(name), *(number(means.get((name, condition)), digits=3) for condition in conditions))
            for name in names
        ),
        is_folded=True,
    )


def _size_table(by_size: Sequence[dict[str, Any]]) -> TableBlock:
    return TableBlock(
        name="trend-texts",
        caption="Slope of the loss over ln(parameters) at the last interval, nats per token, with its 95 % t interval.",
        columns=("texts", "slope", "95 % t interval", "verdict"),
        rows=tuple((one["texts"], *_slope_cells(one["slope"]), one["verdict"]) for one in by_size),
    )


def _slope_cells(slope: Any) -> tuple[str, str]:
    if not is_defined(slope):
        return "–", "–"
    if not is_defined(slope["ci95_low"]):
        return number(slope["mean"], digits=3), why(slope["ci95_low"])
    return number(slope["mean"], digits=3), interval_text(slope["ci95_low"], slope["ci95_high"], digits=3)
