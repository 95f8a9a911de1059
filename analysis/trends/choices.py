"""Accuracy on multiple-choice items from the log-probability of every option."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["ChoiceTable", "TaskAccuracy", "chosen_correctly", "option_perplexity", "task_accuracy"]


@dataclass(frozen=True, eq=False, slots=True)
class ChoiceTable:
    """The options of all items, one after the other."""

    item: NDArray[np.int64]
    """Index of the item of each option, rising by at most one, shape (num_options,)."""
    is_correct: NDArray[np.bool_]
    """Whether it is the item's one correct option, shape (num_options,)."""
    num_tokens: NDArray[np.int64]
    """Tokens of each option, shape (num_options,)."""
    task: tuple[str, ...]
    """Task of each item."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """Every task once, in order."""
        return tuple(dict.fromkeys(self.task))

    @property
    def chance(self) -> NDArray[np.float64]:
        """1 / number of options of each item, shape (num_items,)."""
        return 1 / np.bincount(self.item, minlength=len(self.task))


@dataclass(frozen=True, slots=True)
class TaskAccuracy:
    """One model on the items of one task, or of all."""

    task: str
    num_items: int
    num_correct: int
    accuracy: float
    ci95_low: float
    """Clopper and Pearson's exact interval over items, which counts them as independent."""
    ci95_high: float
    chance: float
    """Mean over items of 1 / number of options."""


def chosen_correctly(log_probabilities: NDArray[np.float64], *, table: ChoiceTable) -> NDArray[np.bool_]:
    """Whether the option with the highest log-probability per token is the correct one; a tie goes to the first.

    Args:
        log_probabilities: Sum over an option's tokens in nats, shape (num_options,).
        table: The options.

    Returns:
        Shape (num_items,).
    """
    per_token = log_probabilities / table.num_tokens
    order = np.lexsort((np.arange(len(per_token)), -per_token, table.item))
    first_of_item = np.flatnonzero(np.diff(table.item[order], prepend=-1))
    return np.asarray(table.is_correct[order[first_of_item]])


def task_accuracy(is_right: NDArray[np.bool_], *, table: ChoiceTable, all_tasks: str = "all") -> list[TaskAccuracy]:
    """Accuracy on all items together and on those of each task.

    Args:
        is_right: What `chosen_correctly` gives.
        table: The options.
        all_tasks: Name for all of them.
    """
    task = np.array(table.task)
    every = np.ones(len(task), dtype=bool)
    groups = [(all_tasks, every), *((name, task == name) for name in table.tasks)]
    return [_accuracy(name, is_right=is_right[chosen], chance=table.chance[chosen]) for name, chosen in groups]


def option_perplexity(log_probabilities: NDArray[np.float64], *, table: ChoiceTable, is_correct: bool) -> float:
    """exp(-sum of log-probabilities / sum of tokens) over all correct, or all incorrect, options."""
    chosen = table.is_correct == is_correct
    return float(np.exp(-log_probabilities[chosen].sum() / table.num_tokens[chosen].sum()))


def _accuracy(name: str, *, is_right: NDArray[np.bool_], chance: NDArray[np.float64]) -> TaskAccuracy:
    num_items, num_correct = len(is_right), int(is_right.sum())
    low, high = stats.binomtest(num_correct, num_items).proportion_ci(method="exact")
    return TaskAccuracy(
        task=name,
        num_items=num_items,
        num_correct=num_correct,
        accuracy=num_correct / num_items,
        ci95_low=float(low),
        ci95_high=float(high),
        chance=float(np.mean(chance)),
    )
