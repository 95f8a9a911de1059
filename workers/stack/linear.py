"""One matrix product for every seed of a stack."""

from typing import Any

import torch
from torch import Tensor

from configs.precision import Precision

__all__ = ["stacked_linear"]

# S seeds, N rows, I input width, O output width.


def stacked_linear(input_SNI: Tensor, weight_SOI: Tensor, *, precision: Precision) -> Tensor:
    """Each seed's rows times the transpose of its own matrix: shape (S, N, O), in fp32."""
    result: Tensor = _StackedLinear.apply(precision, input_SNI, weight_SOI)  # type: ignore[no-untyped-call]
    return result


class _StackedLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, precision: Precision, input_SNI: Tensor, weight_SOI: Tensor) -> Tensor:  # Any: untyped
        ctx.precision = precision
        ctx.save_for_backward(input_SNI, weight_SOI)
        return _product(input_SNI, weight_SOI.transpose(1, 2), precision)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        input_SNI, weight_SOI = ctx.saved_tensors
        (gradient_SNO,) = gradients
        return (
            None,
            _product(gradient_SNO, weight_SOI, ctx.precision),
            _product(gradient_SNO.transpose(1, 2), input_SNI, ctx.precision),
        )


def _product(left: Tensor, right: Tensor, precision: Precision) -> Tensor:
    if precision is Precision.BF16:
        return torch.bmm(left.bfloat16(), right.bfloat16()).float()
    return torch.bmm(left, right)
