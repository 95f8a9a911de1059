"""One matrix product for every seed of a stack."""

from typing import Any

import torch
from torch import Tensor

from configs.precision import Precision
from workers.stack.split_linear import split_linear

__all__ = ["joined", "stacked_linear"]

# S seeds, N rows, I input width, O output width.


def stacked_linear(input_SNI: Tensor, *weights_SOI: Tensor, precision: Precision) -> Tensor:
    """Each seed's rows times the transposes of its own matrices: shape (S, N, sum of the O's), in fp32."""
    if precision is Precision.BF16X6:
        return split_linear(input_SNI, joined(weights_SOI))
    result: Tensor = _StackedLinear.apply(precision, input_SNI, *weights_SOI)  # type: ignore[no-untyped-call]
    return result


def joined(weights_SOI: tuple[Tensor, ...]) -> Tensor:
    """Several matrices as one whose outputs follow each other."""
    return weights_SOI[0] if len(weights_SOI) == 1 else torch.cat(weights_SOI, dim=1)


class _StackedLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, precision: Precision, input_SNI: Tensor, *weights_SOI: Tensor) -> Tensor:  # Any: untyped
        joined_SOI = joined(weights_SOI)
        ctx.precision = precision
        ctx.widths = [weight.shape[1] for weight in weights_SOI]
        ctx.save_for_backward(input_SNI, joined_SOI)
        return _product(input_SNI, joined_SOI.transpose(1, 2), precision)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        input_SNI, joined_SOI = ctx.saved_tensors
        (gradient_SNO,) = gradients
        of_weights_SOI = _product(gradient_SNO.transpose(1, 2), input_SNI, ctx.precision)
        return (
            None,
            _product(gradient_SNO, joined_SOI, ctx.precision),
            *of_weights_SOI.split(ctx.widths, dim=1),
        )


def _product(left: Tensor, right: Tensor, precision: Precision) -> Tensor:
    if precision is Precision.BF16:
        return torch.bmm(left.bfloat16(), right.bfloat16()).float()
    return torch.bmm(left, right)
