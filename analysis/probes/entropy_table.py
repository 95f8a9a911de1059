"""Lay out the parts of every checkpoint's cross entropy as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.probes.entropy_parts import EntropyParts, entropy_parts

__all__ = ["ENTROPY_COLUMNS", "ScoredGroup", "entropy_table"]

ENTROPY_COLUMNS = (
    "condition",
    "seed",
    "interval",
    "step",
    "tokens",
    "cross_entropy_nats",
    "error_entropy_nats",
    "self_alignment_nats",
    "log_norm_nats",
    "error_entropy_mm_nats",
    "num_tokens",
    "num_ranks",
    "num_ties",
)


@dataclass(frozen=True, eq=False, slots=True)
class ScoredGroup:
    """How all seeds of a condition predicted the same tokens at one interval."""

    condition: str
    interval: int
    step: int
    tokens: int | None
    """Training tokens seen; None where nothing tells."""
    arrays: Mapping[str, NDArray[np.generic]]
    """`seeds` of shape (num_seeds,); `loss_nats`, `rank`, `num_ties` of shape (num_seeds, num_tokens); `num_parameters`
    and `num_embedding_parameters`."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, in the order of the arrays' rows."""
        return tuple(int(seed) for seed in self.arrays["seeds"])

    def parts(self, *, row: int, stop: int | None = None) -> EntropyParts:
        """The parts of one seed's cross entropy.

        Args:
            row: Index of the seed.
            stop: Use the first tokens only, up to this number.
        """
        return entropy_parts(
            loss_nats=self.arrays["loss_nats"][row, :stop],  # type: ignore[arg-type]
            rank=self.arrays["rank"][row, :stop],  # type: ignore[arg-type]
            num_ties=self.arrays["num_ties"][row, :stop],  # type: ignore[arg-type]
        )


def entropy_table(groups: Sequence[ScoredGroup]) -> pd.DataFrame:
    """One row per condition, seed and interval, in the order of the groups' conditions, then by seed and interval.

    Args:
        groups: All measured on the same tokens.
    """
    order = {condition: index for index, condition in enumerate(dict.fromkeys(group.condition for group in groups))}
    rows = [
        {
            "condition": group.condition,
            "seed": seed,
            "interval": group.interval,
            "step": group.step,
            "tokens": group.tokens,
            **asdict(group.parts(row=row)),
        }
        for group in groups
        for row, seed in enumerate(group.seeds)
    ]
    rows.sort(key=lambda row: (order[str(row["condition"])], row["seed"], row["interval"]))
    table = pd.DataFrame(rows, columns=list(ENTROPY_COLUMNS))
    return table.astype({"tokens": "Int64"})
