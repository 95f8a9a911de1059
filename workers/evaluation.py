"""Measure a model on the fixed evaluation tokens."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from configs.evaluation import EvaluationConfig
from workers.model import Llama
from workers.windows import cut_windows

__all__ = ["EvaluationTokens", "TokenScores", "evaluate", "evaluation_tokens", "score_logits"]

_TOKENS_PER_BATCH = 512  # bounds the logits: 8 MB at a vocabulary of 4,096


@dataclass(frozen=True, slots=True)
class EvaluationTokens:
    """The slice that every interval is measured on."""

    inputs: Tensor
    """Token ids, int64, shape (num_windows, context_length)."""
    targets: Tensor
    """The next token of each, same shape."""


@dataclass(frozen=True, slots=True)
class TokenScores:
    """How each evaluation token was predicted, in the order of the stream; every array has shape (num_tokens,)."""

    loss_nats: NDArray[np.float32]
    """Cross entropy of the correct token."""
    rank: NDArray[np.int32]
    """Tokens of the vocabulary with a strictly larger logit than the correct one; 0 is best."""
    num_ties: NDArray[np.int32]
    """Other tokens of the vocabulary with exactly the correct one's logit."""

    @property
    def mean_loss(self) -> float:
        """Mean cross entropy in nats per token."""
        return float(self.loss_nats.mean(dtype=np.float64))

    @property
    def mean_loss_se(self) -> float:
        """Standard error of the mean over tokens, in nats: sample SD / sqrt(num_tokens)."""
        return float(self.loss_nats.std(dtype=np.float64, ddof=1) / np.sqrt(len(self.loss_nats)))


def evaluation_tokens(
    validation: NDArray[np.unsignedinteger], *, config: EvaluationConfig, context_length: int
) -> EvaluationTokens:
    """Consecutive windows from `config.offset` on; the stream must reach offset + tokens + 1."""
    starts = np.arange(config.offset, config.offset + config.tokens, context_length)
    inputs, targets = cut_windows(validation, starts=starts, context_length=context_length)
    return EvaluationTokens(inputs=inputs, targets=targets)


def evaluate(model: Llama, *, tokens: EvaluationTokens, device: torch.device | None = None) -> TokenScores:
    """Loss, rank and ties of every evaluation token under `model`.

    Args:
        model: On `device`.
        tokens: The slice.
        device: Where the model is; the CPU where it is not given.
    """
    windows_per_batch = max(1, _TOKENS_PER_BATCH // tokens.inputs.shape[1])
    inputs, targets = tokens.inputs.to(device), tokens.targets.to(device)
    batches = zip(inputs.split(windows_per_batch), targets.split(windows_per_batch), strict=True)
    with torch.inference_mode():
        scores = [score_logits(model(inputs).flatten(0, 1), targets.flatten()) for inputs, targets in batches]
    return TokenScores(
        loss_nats=np.concatenate([score.loss_nats for score in scores]),
        rank=np.concatenate([score.rank for score in scores]),
        num_ties=np.concatenate([score.num_ties for score in scores]),
    )


def score_logits(logits_NV: Tensor, targets_N: Tensor) -> TokenScores:
    """Loss, rank and ties of each correct token.

    Args:
        logits_NV: Shape (num_tokens, vocabulary), fp32.
        targets_N: The correct tokens, shape (num_tokens,).
    """
    target_logits_N1 = logits_NV.gather(1, targets_N[:, None])
    return TokenScores(
        loss_nats=functional.cross_entropy(logits_NV, targets_N, reduction="none").cpu().numpy(),
        rank=(logits_NV > target_logits_N1).sum(1, dtype=torch.int32).cpu().numpy(),
        num_ties=((logits_NV == target_logits_N1).sum(1, dtype=torch.int32) - 1).cpu().numpy(),
    )
