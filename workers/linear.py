"""Matrix products of the model, through the faster of the two libraries that torch carries."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from configs.precision import Precision

__all__ = ["dense", "input_gradient", "linear", "product", "transposed", "weight_gradient"]

# N rows, I input width, O output width.


def transposed(matrix: Tensor) -> Tensor:
    """The transpose, dense by rows."""
    return matrix.T.contiguous()


def linear(
    input_NI: Tensor, *weights_OI: Tensor, precision: Precision, transpose: Callable[[Tensor], Tensor] = transposed
) -> Tensor:
    """Rows times the transposes of one or more matrices: shape (N, sum of the O's), in fp32.

    torch sends fp32 products to MKL, which reaches less than half of oneDNN's rate on some processors that are not
    Intel's (benchmarks/products.py measures both), so on a CPU they run in oneDNN. Several matrices at once are one
    product. Rounding differs in the last digits; repeated calls give the same bits.

    Args:
        input_NI: The rows.
        weights_OI: The matrices.
        precision: Of the products.
        transpose: Gives a matrix' transpose, dense by rows.
    """
    result: Tensor = _Linear.apply(precision, transpose, input_NI, *weights_OI)  # type: ignore[no-untyped-call]
    return result


def product(input_NI: Tensor, weight_OI: Tensor, *, precision: Precision) -> Tensor:
    """One product, shape (N, O), without a trace for gradients."""
    return _times_transposed(input_NI, weight_OI, precision)


def input_gradient(gradient_NO: Tensor, weight_OI: Tensor, *, precision: Precision) -> Tensor:
    """What reaches the rows, shape (N, I)."""
    return _times_transposed(gradient_NO, weight_OI.T, precision)


def weight_gradient(
    gradient_NO: Tensor, input_NI: Tensor, *, precision: Precision, transpose: Callable[[Tensor], Tensor] = transposed
) -> Tensor:
    """What reaches the matrix, shape (O, I); dense by rows or, where the outputs are wider, by columns."""
    # oneDNN reads its right operand in either layout and its left one by rows only: the narrower one is transposed.
    if gradient_NO.shape[1] <= input_NI.shape[1]:
        return _times_transposed(transpose(gradient_NO), input_NI.T, precision)
    return _times_transposed(transpose(input_NI), gradient_NO.T, precision).T


def dense(matrix: Tensor, *, transpose: Callable[[Tensor], Tensor] = transposed) -> Tensor:
    """The same matrix by rows, for gradients: autograd copies any that does not lie as its parameter does."""
    return matrix if matrix.is_contiguous() else transpose(matrix.T)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # Any: untyped
        precision: Precision,
        transpose: Callable[[Tensor], Tensor],
        input_NI: Tensor,
        *weights_OI: Tensor,
    ) -> Tensor:
        joined_OI = weights_OI[0] if len(weights_OI) == 1 else torch.cat(weights_OI)
        ctx.precision = precision
        ctx.transpose = transpose
        ctx.widths = [weight.shape[0] for weight in weights_OI]
        ctx.save_for_backward(input_NI, joined_OI)
        return product(input_NI, joined_OI, precision=precision)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        input_NI, joined_OI = ctx.saved_tensors
        (gradient_NO,) = gradients
        of_weights_OI = weight_gradient(gradient_NO, input_NI, precision=ctx.precision, transpose=ctx.transpose)
        return (
            None,
            None,
            input_gradient(gradient_NO, joined_OI, precision=ctx.precision),
            *dense(of_weights_OI, transpose=ctx.transpose).split(ctx.widths),
        )


def _times_transposed(left: Tensor, right: Tensor, precision: Precision) -> Tensor:
    if precision is Precision.BF16:
        return _raw_times_transposed(left.bfloat16(), right.bfloat16()).float()
    return _raw_times_transposed(left, right)


def _raw_times_transposed(left: Tensor, right: Tensor) -> Tensor:
    is_for_onednn = left.device.type == "cpu" and left.dtype in (torch.float32, torch.bfloat16)
    if not is_for_onednn or not torch.backends.mkldnn.is_available():
        return functional.linear(left, right)
    result: Tensor = torch.ops.mkldnn._linear_pointwise(left, right, None, "none", [], "")
    return result
