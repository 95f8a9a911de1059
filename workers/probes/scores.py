"""Collect how every checkpoint of a group predicted each probed token."""

from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from configs.errors import CheckpointError
from workers.evaluation import score_logits
from workers.probes.checkpoints import CheckpointGroup
from workers.probes.model import ProbeModel

__all__ = ["ScoreCollector"]

# S seeds, N contexts of a batch, V rows of the head.


@final
class ScoreCollector:
    """Loss, rank and ties of the correct token, batch after batch.

    Args:
        group: Whose members predict.
        num_contexts: Contexts of all batches together.
    """

    def __init__(self, group: CheckpointGroup, *, num_contexts: int) -> None:
        self._group = group
        shape = (len(group.members), num_contexts)
        self._loss_nats = np.empty(shape, dtype=np.float32)
        self._rank = np.empty(shape, dtype=np.int32)
        self._num_ties = np.empty(shape, dtype=np.int32)

    def add(self, logits_SNV: list[Tensor], targets_N: Tensor, *, first: int) -> None:
        """Take a batch in.

        Args:
            logits_SNV: One tensor of shape (N, V) for each seed.
            targets_N: The correct tokens.
            first: Index of the batch's first context.

        Raises:
            CheckpointError: If a loss is not finite.
        """
        contexts = slice(first, first + len(targets_N))
        for index, logits_NV in enumerate(logits_SNV):
            scores = score_logits(logits_NV, targets_N)
            if not np.isfinite(scores.loss_nats).all():
                member = self._group.members[index]
                raise CheckpointError(f"{member.directory} gives a loss that is not finite; it cannot be probed")
            self._loss_nats[index, contexts] = scores.loss_nats
            self._rank[index, contexts] = scores.rank
            self._num_ties[index, contexts] = scores.num_ties

    def arrays(self, model: ProbeModel) -> dict[str, NDArray[Any]]:
        """What goes into the file.

        Args:
            model: Any member's model, for its size.

        Returns:
            `loss_nats`, `rank` and `num_ties` of shape (S, num_contexts); two parameter counts.
        """
        return {
            "loss_nats": self._loss_nats,
            "rank": self._rank,
            "num_ties": self._num_ties,
            "num_parameters": np.array(model.num_parameters),
            "num_embedding_parameters": np.array(model.num_embedding_parameters),
        }
