"""Attend over long contexts on a GPU without keeping a score, and with gradients that have the same bits each time."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from configs.precision import Precision
from workers.passes import causal_attention

__all__ = ["LONG_CONTEXT", "long_attention"]

# W windows, H heads, G heads of keys and values, T tokens of a window, K dimensions of a head.

# From here on torch's kernels add up the gradients of queries or keys in parts, in no fixed order unless told to.
LONG_CONTEXT = 1_024
# The plain kernel writes all scores down; it is there for heads that the others do not know.
_KERNELS = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]


def long_attention(query_WHTK: Tensor, key_WGTK: Tensor, value_WGTK: Tensor, *, precision: Precision) -> Tensor:
    """Mixed values in fp32, shape (W, H, T, K).

    Args:
        query_WHTK: Rotated queries.
        key_WGTK: Rotated keys; each head serves H / G neighbouring heads.
        value_WGTK: Values.
        precision: Of the products; bf16 runs in torch's flash kernel, anything else in its memory-efficient one.
    """
    mixed_WHTK: Tensor = _LongAttention.apply(precision, query_WHTK, key_WGTK, value_WGTK)  # type: ignore[no-untyped-call]
    return mixed_WHTK


class _LongAttention(torch.autograd.Function):
    """Is computed again for its gradients: a few per cent of a step, against keeping the result of every layer."""

    @staticmethod
    def forward(ctx: Any, precision: Precision, *heads: Tensor) -> Tensor:  # Any: autograd's context is untyped
        operands = [part.bfloat16() if precision is Precision.BF16 else part for part in heads]
        ctx.save_for_backward(*operands)
        return _mix(*operands).float()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        operands = [part.detach().requires_grad_() for part in ctx.saved_tensors]
        with torch.enable_grad():
            mixed_WHTK = _mix(*operands)
        was_told, only_warned = (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        )
        torch.use_deterministic_algorithms(True)
        try:
            of_operands = torch.autograd.grad(mixed_WHTK, operands, gradients[0].to(mixed_WHTK.dtype))
        finally:
            torch.use_deterministic_algorithms(was_told, warn_only=only_warned)
        return None, *(gradient.float() for gradient in of_operands)


def _mix(*heads: Tensor) -> Tensor:
    with sdpa_kernel(_KERNELS):
        return causal_attention(*heads)
