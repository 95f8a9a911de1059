"""What becomes of the tokens of one class in other runs and other sizes."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.trends.rules import TrendClass
from analysis.trends.trajectories import TokenTrajectories

__all__ = ["class_curves"]


def class_curves(conditions: Sequence[TokenTrajectories], *, classes: Mapping[str, NDArray[np.int8]]) -> pd.DataFrame:
    """Mean loss of the tokens that one run puts into a class, under another run.

    The tokens that the n-th seed of a condition chooses are followed in the seed after it, of every condition, its own
    included: followed in the run that chose them, they would rise or fall by the choice alone. With a single seed they
    can only be followed there, and `is_own_run` says so.

    Args:
        conditions: All on the same tokens.
        classes: By condition, codes of `TrendClass`, shape (num_seeds, num_tokens).

    Returns:
        One row per choosing condition, class, choosing seed, followed condition and checkpoint, with `num_tokens`,
        `mean_loss_nats` of the chosen tokens, and `all_tokens_loss_nats` of all tokens in the followed run.
    """
    return pd.DataFrame(
        [
            row
            for chooser in conditions
            for index, seed in enumerate(chooser.seeds)
            for trend in TrendClass
            for followed in conditions
            for row in _rows(
                chooser.condition,
                seed,
                trend,
                followed,
                index=(index + 1) % len(followed.seeds),
                is_chosen=classes[chooser.condition][index] == trend,
            )
        ]
    )


def _rows(
    condition: str,
    seed: int,
    trend: TrendClass,
    followed: TokenTrajectories,
    *,
    index: int,
    is_chosen: NDArray[np.bool_],
) -> Iterator[dict[str, object]]:
    losses = followed.losses[index]
    chosen = (
        losses[is_chosen].mean(axis=0, dtype=np.float64) if is_chosen.any() else np.full(len(followed.steps), np.nan)
    )
    for position, interval in enumerate(followed.intervals):
        yield {
            "chosen_by": condition,
            "chosen_by_seed": seed,
            "class": trend.label,
            "num_tokens": int(is_chosen.sum()),
            "condition": followed.condition,
            "seed": followed.seeds[index],
            "is_own_run": followed.condition == condition and followed.seeds[index] == seed,
            "interval": interval,
            "step": int(followed.steps[position]),
            "mean_loss_nats": float(chosen[position]),
            "all_tokens_loss_nats": float(losses[:, position].mean(dtype=np.float64)),
        }
