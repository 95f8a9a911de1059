"""Score sequences of different lengths under one model."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

if TYPE_CHECKING:
    from workers.probes.model import ProbeModel

__all__ = ["sequence_losses"]

_LOGITS_PER_BATCH = 2**23
"""32 MB, unless a single sequence has more."""


def sequence_losses(model: "ProbeModel", sequences: Sequence[NDArray[np.int64]]) -> list[NDArray[np.float32]]:
    """Cross entropy of every token but the first, in nats.

    Sequences of similar length share a batch; what fills the shorter ones up stands to their right, where causal
    attention does not look.

    Args:
        model: An opened checkpoint.
        sequences: Token ids, each of shape (its length,), at least two of them, at most a window's inputs and one more.

    Returns:
        Each of shape (its length - 1,), in the order given.
    """
    losses: list[NDArray[np.float32]] = [np.empty(0, dtype=np.float32)] * len(sequences)
    for rows in _batches(sequences, num_rows=model.num_rows):
        width = max(len(sequences[row]) for row in rows)
        padded = np.zeros((len(rows), width), dtype=np.int64)
        for index, row in enumerate(rows):
            padded[index, : len(sequences[row])] = sequences[row]
        tokens_BT = torch.from_numpy(padded)
        logits_BTV = model.logits(tokens_BT[:, :-1])
        loss_BT = functional.cross_entropy(logits_BTV.transpose(1, 2), tokens_BT[:, 1:], reduction="none").numpy()
        for index, row in enumerate(rows):
            losses[row] = loss_BT[index, : len(sequences[row]) - 1].copy()
    return losses


def _batches(sequences: Sequence[NDArray[np.int64]], *, num_rows: int) -> Iterator[list[int]]:
    """Indices of sequences, longest first, in groups whose padded logits stay within the bound."""
    order = sorted(range(len(sequences)), key=lambda index: -len(sequences[index]))
    while order:
        size = max(1, _LOGITS_PER_BATCH // (num_rows * len(sequences[order[0]])))
        yield order[:size]
        order = order[size:]
