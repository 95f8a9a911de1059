"""The content of trends.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.trends.choice_tables import TaskFinding
from analysis.trends.text_tables import TextScaling
from analysis.trends.token_trends import DescentFound, Finding, TokenTrends
from analysis.undefined import Undefined

__all__ = ["ChoiceFacts", "TextFacts", "TrendFacts", "trend_summary"]


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What noised and written texts showed."""

    by_size: tuple[TextScaling, ...]
    empty_predictions: Mapping[str, int]
    """By mixture, predictions that had nothing above zero; empty where nothing was written."""


@dataclass(frozen=True, eq=False, slots=True)
class ChoiceFacts:
    """What multiple-choice items showed."""

    tasks: tuple[TaskFinding, ...]
    rows: pd.DataFrame
    """What `choice_table` gives."""
    num_items_left_out: int


@dataclass(frozen=True, eq=False, slots=True)
class TrendFacts:
    """Everything that a study of trends found."""

    trends: TokenTrends
    starts: tuple[float, ...]
    sizes: Mapping[str, int]
    """Parameters of each condition, smallest first."""
    texts: TextFacts | None
    """None where no text was scored."""
    choices: ChoiceFacts | None
    """None where nothing was asked."""


# Any: the tree of trends.json mixes numbers, sentences and lists.
def trend_summary(facts: TrendFacts, *, provenance: Mapping[str, object]) -> dict[str, Any]:
    """The tree of trends.json, for `statistics_to_json`.

    Args:
        facts: What was found.
        provenance: Hashes of models and tokens.
    """
    trends = facts.trends
    return {
        **provenance,
        "sizes": dict(facts.sizes),
        "classes": [_finding(one) for one in trends.findings],
        "double_descent": [_descent(one) for one in trends.descents],
        "between_conditions": {"at_equal_time": trends.at_equal_time, "at_equal_loss": trends.at_equal_loss},
        "texts": facts.texts or Undefined("no text was scored"),
        "choices": Undefined("nothing was asked")
        if facts.choices is None
        else {"tasks": facts.choices.tasks, "num_items_left_out": facts.choices.num_items_left_out},
    }


def _finding(one: Finding) -> dict[str, Any]:
    labels = one.labels
    return {
        "condition": one.condition,
        "rule": one.rule,
        "start_fraction": one.start_fraction,
        "window": labels
        if isinstance(labels, Undefined)
        else {
            "start_checkpoint": labels[0].window.start,
            "stagnation_start_checkpoint": labels[0].window.stagnation_start,
            "num_checkpoints": labels[0].window.num_points,
            "points": labels[0].window.points,
        },
        "classes": one.shares,
        "agreement_between_seeds": one.agreement,
        "replicated_over_seeds": one.replicated,
    }


def _descent(one: DescentFound) -> dict[str, Any]:
    return {
        "condition": one.condition,
        "start_fraction": one.start_fraction,
        "per_seed": [
            {
                "seed": seed,
                "against": found
                if isinstance(found, Undefined)
                else {
                    null.value: {"share_nominal": result.share_nominal, "share": np.mean(result.is_double_descent)}
                    for null, result in found.items()
                },
            }
            for seed, found in one.per_seed.items()
        ],
        "over_seeds": _replicated(one.over_seeds),
        "falls_then_rises_over_seeds": _replicated(one.mirrored),
    }


def _replicated(found: Any) -> Any:
    if isinstance(found, Undefined):
        return found
    return {
        "num_seeds": found.num_seeds,
        "share_nominal": found.share_nominal,
        "share": np.mean(found.is_double_descent),
    }
