"""How well checkpoints of every size predict noised stories and written texts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.t_interval import MeanInterval
from analysis.trends.emergence import size_slope
from analysis.undefined import Undefined

__all__ = ["BETTER", "NO_DIRECTION", "WORSE", "ScoredTexts", "TextScaling", "text_scaling", "text_table"]

BETTER = "larger models predict better"
WORSE = "larger models predict worse"
NO_DIRECTION = "no direction beyond the spread of seeds"


@dataclass(frozen=True, eq=False, slots=True)
class ScoredTexts:
    """The scores of one condition at one interval."""

    condition: str
    interval: int
    step: int
    tokens: int | None
    seeds: tuple[int, ...]
    names: tuple[str, ...]
    """Each set of texts."""
    loss_nats: NDArray[np.float64]
    """Sum over a text's tokens, shape (num_seeds, num_sets, num_texts)."""
    num_tokens: NDArray[np.int64]
    """Scored tokens of each text, 0 where a set has fewer texts, shape (num_sets, num_texts)."""
    is_writer: tuple[bool, ...]
    """Whether a seed's own models wrote the texts of the mixtures."""


@dataclass(frozen=True, slots=True)
class TextScaling:
    """Whether larger models predict a set of texts better at the end of training."""

    texts: str
    slope: MeanInterval | Undefined
    """Nats per token for each e-fold of parameters, over seeds; below zero, larger models predict better."""
    verdict: str
    """`BETTER`, `WORSE`, `NO_DIRECTION`, or why it cannot be said."""


def text_table(scored: Sequence[ScoredTexts]) -> pd.DataFrame:
    """One row per condition, interval, seed and set: `loss_nats` per token, its standard error over texts, perplexity.

    Texts differ in length: the loss is the ratio of sums, and its standard error that of a ratio,
    SD(loss_t - mean x num_tokens_t) / (mean num_tokens x sqrt(num_texts)).
    """
    return pd.DataFrame([row for one in scored for row in _rows(one)])


def text_scaling(table: pd.DataFrame, *, num_parameters: Mapping[str, int]) -> tuple[TextScaling, ...]:
    """The slope over size of each set's loss at the last interval of every condition.

    Only seeds that have every condition count. A seed whose own models wrote texts is left out for these texts: its
    large model made them unlikely for itself.

    Args:
        table: What `text_table` gives.
        num_parameters: By condition.
    """
    last = table[table["interval"] == table.groupby("condition")["interval"].transform("max")]
    sizes = np.array([num_parameters[condition] for condition in num_parameters], dtype=np.float64)
    results = []
    for name in dict.fromkeys(last["texts"]):
        rows = last[(last["texts"] == name) & ~last["is_writer"]]
        grid = rows.pivot(index="seed", columns="condition", values="loss_nats").reindex(columns=list(num_parameters))
        complete = grid.dropna().to_numpy()
        slope = size_slope(complete, num_parameters=sizes) if len(complete) else Undefined(_why_no_seed(grid))
        results.append(TextScaling(texts=name, slope=slope, verdict=_verdict(slope)))
    return tuple(results)


def _rows(one: ScoredTexts) -> Iterator[dict[str, object]]:
    for index, seed in enumerate(one.seeds):
        for row, name in enumerate(one.names):
            has_text = one.num_tokens[row] > 0
            loss, num_tokens = one.loss_nats[index, row, has_text], one.num_tokens[row, has_text]
            mean = float(loss.sum() / num_tokens.sum())
            deviation = loss - mean * num_tokens
            error = deviation.std(ddof=1) / (num_tokens.mean() * np.sqrt(len(loss))) if len(loss) > 1 else np.nan
            yield {
                "condition": one.condition,
                "seed": seed,
                "interval": one.interval,
                "step": one.step,
                "tokens": one.tokens,
                "texts": name,
                "num_texts": len(loss),
                "num_tokens": int(num_tokens.sum()),
                "loss_nats": mean,
                "loss_se": float(error),
                "perplexity": float(np.exp(mean)),
                "is_writer": one.is_writer[index] and _is_written(name),
            }


def _why_no_seed(grid: pd.DataFrame) -> str:
    """`grid` holds the seeds that did not write the texts themselves."""
    return "no seed has every size" if len(grid) else "no seed is left but the one whose models wrote them"


def _is_written(name: str) -> bool:
    return "/" in name


def _verdict(slope: MeanInterval | Undefined) -> str:
    if isinstance(slope, Undefined):
        return slope.reason
    if isinstance(slope.ci95_low, Undefined) or isinstance(slope.ci95_high, Undefined):
        return "one seed tells nothing about the sign"
    if slope.ci95_high < 0:
        return BETTER
    return WORSE if slope.ci95_low > 0 else NO_DIRECTION
