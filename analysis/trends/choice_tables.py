"""Accuracy of every checkpoint on multiple-choice items, against its loss and its size."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.trends.choices import ChoiceTable, chosen_correctly, option_perplexity, task_accuracy
from analysis.trends.emergence import Growth, RankCorrelation, growth, rank_correlation
from analysis.undefined import Undefined

__all__ = ["ALL_TASKS", "AnsweredChoices", "TaskFinding", "choice_findings", "choice_table"]

ALL_TASKS = "all"


@dataclass(frozen=True, eq=False, slots=True)
class AnsweredChoices:
    """The answers of one condition at one interval."""

    condition: str
    interval: int
    step: int
    tokens: int | None
    seeds: tuple[int, ...]
    log_probability: NDArray[np.float64]
    """Nats, sum over an option's tokens, shape (num_seeds, num_options)."""
    mean_loss: Mapping[int, float]
    """Mean loss over the probed tokens, by seed."""


@dataclass(frozen=True, slots=True)
class TaskFinding:
    """How one task, or all of them, goes with loss and size."""

    task: str
    with_loss: RankCorrelation | Undefined
    """Of accuracy with loss, over all checkpoints of all conditions, one rho for each seed."""
    within: Mapping[str, RankCorrelation | Undefined]
    """The same within each condition: what is left when size stays the same."""
    per_seed: Mapping[int, Growth | Undefined]
    """Growth over sizes at the last interval, for each seed that has all of them."""
    of_mean: Growth | Undefined
    """Growth of the mean over these seeds."""


def choice_table(answers: Sequence[AnsweredChoices], *, table: ChoiceTable) -> pd.DataFrame:
    """One row per condition, interval, seed and task, with `all` for all of them.

    Columns beside accuracy, exact interval and chance: `mean_loss_nats`, and the perplexity per token of correct and of
    incorrect options, on the rows of `all`.
    """
    return pd.DataFrame([row for one in answers for row in _rows(one, table=table)])


def choice_findings(rows: pd.DataFrame, *, sizes: Sequence[str]) -> tuple[TaskFinding, ...]:
    """What each task shows.

    Args:
        rows: What `choice_table` gives.
        sizes: Conditions from the smallest to the largest.
    """
    return tuple(
        _finding(rows[rows["task"] == task], task=str(task), sizes=sizes) for task in dict.fromkeys(rows["task"])
    )


def _rows(one: AnsweredChoices, *, table: ChoiceTable) -> Iterator[dict[str, object]]:
    for seed, log_probability in zip(one.seeds, one.log_probability, strict=True):
        is_right = chosen_correctly(log_probability, table=table)
        for accuracy in task_accuracy(is_right, table=table, all_tasks=ALL_TASKS):
            is_all = accuracy.task == ALL_TASKS
            yield {
                "condition": one.condition,
                "seed": seed,
                "interval": one.interval,
                "step": one.step,
                "tokens": one.tokens,
                **asdict(accuracy),
                "mean_loss_nats": one.mean_loss[seed],
                **{
                    name: option_perplexity(log_probability, table=table, is_correct=is_correct) if is_all else np.nan
                    for name, is_correct in (("correct_perplexity", True), ("incorrect_perplexity", False))
                },
            }


def _finding(rows: pd.DataFrame, *, task: str, sizes: Sequence[str]) -> TaskFinding:
    last = rows[rows["interval"] == rows.groupby("condition")["interval"].transform("max")]
    complete = last.pivot(index="seed", columns="condition", values="accuracy").reindex(columns=list(sizes)).dropna()
    one_size = Undefined("no seed has every size") if complete.empty else None
    return TaskFinding(
        task=task,
        with_loss=_correlation(rows),
        within={size: _correlation(rows[rows["condition"] == size]) for size in sizes},
        per_seed={int(seed): growth(scores) for seed, scores in zip(complete.index, complete.to_numpy(), strict=True)},
        of_mean=one_size or growth(complete.mean().to_numpy()),
    )


def _correlation(rows: pd.DataFrame) -> RankCorrelation | Undefined:
    by_seed = [seed for _, seed in rows.groupby("seed")]
    most = max((len(seed) for seed in by_seed), default=0)
    # A seed that lacks checkpoints has another mixture of sizes, which alone would move its correlation.
    whole = [seed for seed in by_seed if len(seed) == most]
    return rank_correlation(
        [seed["accuracy"].to_numpy() for seed in whole], losses=[seed["mean_loss_nats"].to_numpy() for seed in whole]
    )
