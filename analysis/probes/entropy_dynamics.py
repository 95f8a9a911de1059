"""Say which part of the cross entropy falls when, and how far seeds and the number of tokens move it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.probes.entropy_table import ScoredGroup
from analysis.probes.half_way import half_way_step
from analysis.t_interval import mean_interval
from analysis.undefined import Undefined, to_plain

__all__ = ["PARTS", "part_values", "rank_distance", "summarize_dynamics"]

PARTS = ("cross_entropy", "error_entropy", "self_alignment", "minus_log_norm")
"""The loss, and the three terms of which it is the sum."""


def part_values(table: pd.DataFrame, *, part: str) -> NDArray[np.float64]:
    """One part as a grid, shape (num_seeds, num_intervals), seeds and intervals sorted; NaN where a cell is missing.

    Args:
        table: The rows of one condition of the entropy table.
        part: One of `PARTS`.
    """
    column = "log_norm_nats" if part == "minus_log_norm" else f"{part}_nats"
    grid = table.pivot(index="seed", columns="interval", values=column).to_numpy(dtype=np.float64)
    return -grid if part == "minus_log_norm" else grid


def summarize_dynamics(table: pd.DataFrame, *, groups: Sequence[ScoredGroup]) -> dict[str, Any]:
    """What one condition shows over training.

    Args:
        table: Its rows of the entropy table.
        groups: Its scores, by interval.
    """
    grids = {part: _complete(part_values(table, part=part)) for part in PARTS}
    steps = np.array(sorted(table.step.unique()), dtype=np.float64)
    total_changes = grids["cross_entropy"][:, -1] - grids["cross_entropy"][:, 0]
    return {
        "num_seeds": len(grids["cross_entropy"]),
        "num_parameters": int(groups[-1].arrays["num_parameters"]),
        "num_non_embedding_parameters": int(groups[-1].arrays["num_parameters"])
        - int(groups[-1].arrays["num_embedding_parameters"]),
        "last": {part: to_plain(mean_interval(grid[:, -1])) for part, grid in grids.items()},
        "share_of_cross_entropy": {
            part: to_plain(mean_interval(grids[part][:, -1] / grids["cross_entropy"][:, -1])) for part in PARTS[1:]
        },
        "change": {part: to_plain(mean_interval(grid[:, -1] - grid[:, 0])) for part, grid in grids.items()},
        "half_way_step": {
            part: to_plain(half_way_step(grid, steps=steps, total_changes=total_changes))
            for part, grid in grids.items()
        },
        "subsets": [_subset(group, share) for group in (groups[0], groups[-1]) for share in (1, 2, 4)],
        "rank_distance": to_plain(rank_distance(groups[-1])),
    }


def rank_distance(group: ScoredGroup) -> dict[str, float] | Undefined:
    """Jensen-Shannon distance between the rank distributions of two seeds, over all pairs; from 0 to sqrt(ln 2).

    All seeds have the same number of tokens, without which the distributions could not be compared.
    """
    ranks = np.asarray(group.arrays["rank"])
    if len(ranks) < 2:
        return Undefined("one seed has nobody to differ from")
    counts = np.stack([np.bincount(row, minlength=int(ranks.max()) + 1) for row in ranks])
    shares = counts / ranks.shape[1]
    distances = [
        np.sqrt(max(0.0, _entropy((one + other) / 2) - (_entropy(one) + _entropy(other)) / 2))
        for index, one in enumerate(shares)
        for other in shares[index + 1 :]
    ]
    return {"mean": float(np.mean(distances)), "largest": float(np.max(distances))}


def _entropy(shares: NDArray[np.float64]) -> float:
    positive = shares[shares > 0]
    return float(-(positive * np.log(positive)).sum())


def _complete(grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """The seeds that have every interval."""
    return grid[~np.isnan(grid).any(axis=1)]


def _subset(group: ScoredGroup, divisor: int) -> dict[str, Any]:
    """The parts from the first tokens only: how much of them the number of tokens makes."""
    num_tokens = group.arrays["loss_nats"].shape[1] // divisor
    parts = [group.parts(row=row, stop=num_tokens) for row in range(len(group.seeds))]
    return {
        "step": group.step,
        "num_tokens": num_tokens,
        "num_ranks": float(np.mean([part.num_ranks for part in parts])),
        "error_entropy_nats": float(np.mean([part.error_entropy_nats for part in parts])),
        "error_entropy_mm_nats": float(np.mean([part.error_entropy_mm_nats for part in parts])),
        "self_alignment_nats": float(np.mean([part.self_alignment_nats for part in parts])),
        "log_norm_nats": float(np.mean([part.log_norm_nats for part in parts])),
    }
