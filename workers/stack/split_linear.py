"""fp32 products of a stack on a GPU's matrix units: six products of operands that are split into three bf16 parts."""

from typing import Any

import torch
from torch import Tensor

from workers.stack.divisors import largest_divisor

__all__ = ["input_gradient", "product", "split", "split_linear", "weight_gradient"]

_MOST_ROWS = 512  # in one sum of a weight gradient

# S seeds, N rows, I input width, O output width. P = 6 planes, of which each holds one part of the values. Where two
# operands meet, one has its planes for the left and one for the right; their products are summed over the planes too,
# which makes the planes a part of the axis that a product sums over anyway.


def split(values_SRC: Tensor, *, is_left: bool, are_planes_outside: bool = False) -> Tensor:
    """The parts of each value in bf16, for one side of a product.

    A value is the sum of three parts of 8 bits of mantissa each; the planes of the left and the right are (3, 1, 2, 2,
    1, 1) and (1, 3, 2, 1, 2, 1), so that all pairs of parts meet but those below 2^-24 of the product. Exact for values
    down to 2^-102.

    Args:
        values_SRC: Shape (S, R, C), fp32.
        is_left: For which side.
        are_planes_outside: Shape (S, P, R, C) instead of (S, R, P, C).

    Source: Henry, Tang, Heinecke 2019, arXiv:1904.06376.
    """
    num_seeds, num_rows, num_columns = values_SRC.shape
    if values_SRC.device.type == "cuda":
        from workers.stack.triton_launches import split_into  # triton comes with torch's builds for GPUs only

        rows_and_planes = (6, num_rows) if are_planes_outside else (num_rows, 6)
        planes = values_SRC.new_empty(num_seeds, *rows_and_planes, num_columns, dtype=torch.bfloat16)
        dense_SRC = values_SRC if values_SRC[0].is_contiguous() else values_SRC.contiguous()
        split_into(planes, dense_SRC, is_left=is_left, are_planes_outside=are_planes_outside)
        return planes
    first = values_SRC.bfloat16()
    rest = values_SRC - first.float()
    second = rest.bfloat16()
    third = (rest - second.float()).bfloat16()
    planes_of = (
        (third, first, second, second, first, first) if is_left else (first, third, second, first, second, first)
    )
    return torch.stack(planes_of, dim=1 if are_planes_outside else 2)


def split_linear(input_SNI: Tensor, weight_SOI: Tensor) -> Tensor:
    """Each seed's rows times the transpose of its own matrix: shape (S, N, O), in fp32."""
    result: Tensor = _SplitLinear.apply(input_SNI, weight_SOI)  # type: ignore[no-untyped-call]
    return result


class _SplitLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, input_SNI: Tensor, weight_SOI: Tensor) -> Tensor:  # Any: untyped
        input_SNPI = split(input_SNI, is_left=True)
        ctx.save_for_backward(input_SNPI, weight_SOI)
        return product(input_SNPI, split(weight_SOI, is_left=False))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        input_SNPI, weight_SOI = ctx.saved_tensors
        gradient_SNPO = split(gradients[0], is_left=False)
        return input_gradient(gradient_SNPO, weight_SOI), weight_gradient(gradient_SNPO, input_SNPI)


def product(left_SNPI: Tensor, right_SOPI: Tensor) -> Tensor:
    """Rows times the transpose of a matrix, shape (S, N, O), in fp32."""
    return _sum_products(left_SNPI.flatten(2), right_SOPI.flatten(2).transpose(1, 2))


def input_gradient(gradient_SNPO: Tensor, weight_SOI: Tensor) -> Tensor:
    """What reaches the rows, shape (S, N, I), of a gradient that is split for the right."""
    weight_SPOI = split(weight_SOI, is_left=True, are_planes_outside=True)
    return _sum_products(gradient_SNPO.flatten(2), weight_SPOI.flatten(1, 2))


def weight_gradient(gradient_SNPO: Tensor, input_SNPI: Tensor) -> Tensor:
    """What reaches the matrix, shape (S, O, I).

    A matrix unit drops what lies below the last bit of a sum at every addition, so sums over many rows are cut in
    pieces that are added in fp32.
    """
    num_seeds, num_rows = gradient_SNPO.shape[:2]
    num_pieces = num_rows // largest_divisor(num_rows, at_most=_MOST_ROWS)
    gradient, rows = (part.reshape(num_seeds * num_pieces, -1, part.shape[3]) for part in (gradient_SNPO, input_SNPI))
    pieces = _sum_products(gradient.transpose(1, 2), rows)
    return pieces if num_pieces == 1 else pieces.unflatten(0, (num_seeds, num_pieces)).sum(dim=1)


def _sum_products(left: Tensor, right: Tensor) -> Tensor:
    if left.device.type == "cuda":
        return torch.bmm(left, right, out_dtype=torch.float32)
    return torch.bmm(left.float(), right.float())
