"""Collect the Kullback-Leibler divergences between the predictions of all seeds of a group."""

import math
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["DivergenceCollector"]

# S seeds, N contexts, V token types, R the two references: uniform and unigram.

_ELEMENTS_PER_CHUNK = 2**17
"""Log-probabilities at work at once, of all seeds together: half a megabyte, which stays in a core's cache."""


@final
class DivergenceCollector:
    """KL between all ordered pairs of seeds, and from every seed to the two references, batch after batch.

    Distributions are taken over the first `num_types` rows of the head and renormalised: the rest is padding that no
    token names. Only one chunk of log-probabilities exists at a time.

    Args:
        num_seeds: At least 2.
        num_contexts: Contexts of all batches together.
        num_types: Token types that can occur.
        log_unigram: ln of the unigram probabilities, shape (num_types,); None leaves those divergences out.
    """

    def __init__(
        self, *, num_seeds: int, num_contexts: int, num_types: int, log_unigram: NDArray[np.float64] | None
    ) -> None:
        self._num_types = num_types
        self._num_contexts = num_contexts
        uniform_V = np.full(num_types, -math.log(num_types))
        self._log_references_RV = torch.tensor(
            np.stack([uniform_V] if log_unigram is None else [uniform_V, log_unigram]), dtype=torch.float32
        )
        num_references = len(self._log_references_RV)
        self._has_unigram = log_unigram is not None
        self._divergence = np.empty(num_contexts, dtype=np.float32)
        self._seed_sum = np.empty((num_seeds, num_contexts), dtype=np.float32)
        self._to_reference = np.empty((num_references, num_seeds, num_contexts), dtype=np.float32)
        self._from_reference_sum = np.zeros((num_references, num_seeds))
        self._pair_sum = np.zeros((num_seeds, num_seeds))

    def add(self, logits_SNV: list[Tensor], *, first: int) -> None:
        """Take a batch in.

        Args:
            logits_SNV: One tensor of shape (N, V) for each seed, V at least `num_types`.
            first: Index of the batch's first context.
        """
        rows = max(1, _ELEMENTS_PER_CHUNK // (len(logits_SNV) * self._num_types))
        for start in range(0, len(logits_SNV[0]), rows):
            chunk_NSV = torch.stack([logits_NV[start : start + rows, : self._num_types] for logits_NV in logits_SNV], 1)
            self._add_chunk(chunk_NSV, first=first + start)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What goes into the file.

        Returns:
            `divergence_nats`, mean KL over ordered pairs, shape (num_contexts,); `seed_sum_nats`, sum of the KL of all
            ordered pairs with a seed in them, shape (S, num_contexts); `pair_nats`, mean over contexts of KL(row ||
            column), shape (S, S); KL to and from each reference, mean over seeds and per seed.
        """
        names = ("uniform", "unigram") if self._has_unigram else ("uniform",)
        references: dict[str, NDArray[Any]] = {}
        for index, name in enumerate(names):
            to_SN = self._to_reference[index]
            references[f"kl_to_{name}_nats"] = to_SN.mean(0)
            references[f"seed_kl_to_{name}_nats"] = to_SN.mean(1, dtype=np.float64)
            references[f"seed_kl_from_{name}_nats"] = self._from_reference_sum[index] / self._num_contexts
        return {
            "divergence_nats": self._divergence,
            "seed_sum_nats": self._seed_sum,
            "pair_nats": self._pair_sum / self._num_contexts,
            **references,
        }

    def _add_chunk(self, logits_NSV: Tensor, *, first: int) -> None:
        log_NSV = torch.log_softmax(logits_NSV, dim=2)
        p_NSV = log_NSV.exp()
        # KL(i || j) = sum_v p_i ((L_i - M) - (L_j - M)): what seeds have in common would only cost digits.
        mean_N1V = log_NSV.mean(1, keepdim=True)
        centred_NSV = log_NSV - mean_N1V
        cross_NSS = torch.bmm(p_NSV, centred_NSV.mT)
        own_NS = cross_NSS.diagonal(dim1=1, dim2=2)
        kl_NSS = (own_NS[:, :, None] - cross_NSS).clamp_min(0)
        minus_entropy_NS = own_NS + torch.bmm(p_NSV, mean_N1V.mT)[:, :, 0]
        self._keep_pairs(kl_NSS, first=first)
        self._keep_references(minus_entropy_NS, p_NSV=p_NSV, log_NSV=log_NSV, first=first)

    def _keep_pairs(self, kl_NSS: Tensor, *, first: int) -> None:
        num_seeds = kl_NSS.shape[1]
        contexts = slice(first, first + len(kl_NSS))
        self._divergence[contexts] = (kl_NSS.sum((1, 2)) / (num_seeds * (num_seeds - 1))).numpy()
        self._seed_sum[:, contexts] = (kl_NSS.sum(1) + kl_NSS.sum(2)).T.numpy()
        self._pair_sum += kl_NSS.sum(0, dtype=torch.float64).numpy()

    def _keep_references(self, minus_entropy_NS: Tensor, *, p_NSV: Tensor, log_NSV: Tensor, first: int) -> None:
        contexts = slice(first, first + len(log_NSV))
        for index, log_reference_V in enumerate(self._log_references_RV):
            to_NS = minus_entropy_NS - p_NSV @ log_reference_V
            reference_V = log_reference_V.exp()
            from_NS = (reference_V @ log_reference_V) - log_NSV @ reference_V
            self._to_reference[index][:, contexts] = to_NS.clamp_min(0).T.numpy()
            self._from_reference_sum[index] += from_NS.sum(0, dtype=torch.float64).numpy()
