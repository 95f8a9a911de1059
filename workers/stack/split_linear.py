"""A matrix product and both its gradients, from split operands."""

from typing import Any

import torch
from torch import Tensor

from workers.stack.split_kernels import AbstractSplitKernels, Split

__all__ = [
    "bounded_input_gradient",
    "bounded_product",
    "input_gradient",
    "product",
    "split_linear",
    "weight_gradient",
]

# S seeds, N rows, I input width, O output width.

_MOST_TERMS = 1_536  # in one sum, see AbstractSplitKernels.multiply
_MOST_ROWS = 512  # in one sum of a weight gradient, whose pieces keep a GPU busy where the matrix is small


def split_linear(input_SNI: Tensor, weight_SOI: Tensor, *, kernels: AbstractSplitKernels) -> Tensor:
    """Each seed's rows times the transpose of its own matrix: shape (S, N, O), in fp32."""
    result: Tensor = _SplitLinear.apply(kernels, input_SNI, weight_SOI)  # type: ignore[no-untyped-call]
    return result


class _SplitLinear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, kernels: AbstractSplitKernels, input_SNI: Tensor, weight_SOI: Tensor
    ) -> Tensor:  # Any: untyped
        rows, weight = kernels.split(input_SNI), kernels.split(weight_SOI)
        ctx.kept = kernels, rows, weight
        return product(rows, weight, kernels=kernels)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        kernels, rows, weight = ctx.kept
        gradient = kernels.split(gradients[0])
        of_weight_SOI = weight_gradient(gradient, rows, kernels=kernels)
        return None, input_gradient(gradient, weight, kernels=kernels), of_weight_SOI


def product(rows: Split, weight: Split, *, kernels: AbstractSplitKernels) -> Tensor:
    """Rows of width I times the transpose of a matrix, shape (S, N, O), in fp32."""
    return kernels.multiply(rows, weight, are_transposed=(False, True), most_terms=_MOST_TERMS)


def bounded_product(rows: Split, weight: Split, *, kernels: AbstractSplitKernels) -> tuple[Tensor, Tensor]:
    """The same, and a bound of it."""
    return kernels.multiply_bounded(rows, weight, are_transposed=(False, True), most_terms=_MOST_TERMS)


def input_gradient(gradient: Split, weight: Split, *, kernels: AbstractSplitKernels) -> Tensor:
    """What reaches the rows, shape (S, N, I), of a gradient of shape (N, O)."""
    return kernels.multiply(gradient, weight, are_transposed=(False, False), most_terms=_MOST_TERMS)


def bounded_input_gradient(gradient: Split, weight: Split, *, kernels: AbstractSplitKernels) -> tuple[Tensor, Tensor]:
    """The same, and a bound of it."""
    return kernels.multiply_bounded(gradient, weight, are_transposed=(False, False), most_terms=_MOST_TERMS)


def weight_gradient(gradient: Split, rows: Split, *, kernels: AbstractSplitKernels) -> Tensor:
    """What reaches the matrix, shape (S, O, I)."""
    return kernels.multiply(gradient, rows, are_transposed=(True, False), most_terms=_MOST_ROWS)
