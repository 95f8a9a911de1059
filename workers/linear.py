"""Matrix products of the model, through the faster of the two libraries that torch carries."""

from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Linear"]

# N rows, I input width, O output width.


@final
class Linear(nn.Linear):
    """A linear layer without bias, initialized as torch's own, whose fp32 products on a CPU run in oneDNN.

    torch sends fp32 products to MKL, which reaches less than half of oneDNN's rate on processors that are not Intel's
    (benchmarks/products.py measures both). Rounding differs in the last digits; repeated calls give the same bits.
    """

    def __init__(self, input_width: int, output_width: int) -> None:
        super().__init__(input_width, output_width, bias=False)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002, the name in torch's own class
        """Shape (..., I) to (..., O)."""
        if input.device.type != "cpu" or input.dtype != torch.float32 or not torch.backends.mkldnn.is_available():
            return functional.linear(input, self.weight)
        rows_NI = input.reshape(-1, input.shape[-1])
        rows_NO: Tensor = _OneDnnProduct.apply(rows_NI, self.weight)  # type: ignore[no-untyped-call]
        return rows_NO.reshape(*input.shape[:-1], -1)


class _OneDnnProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, input_NI: Tensor, weight_OI: Tensor) -> Tensor:  # Any: autograd's context is untyped
        ctx.save_for_backward(input_NI, weight_OI)
        return _times_transposed(input_NI, weight_OI)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        input_NI, weight_OI = ctx.saved_tensors
        (gradient_NO,) = gradients
        return (
            _times_transposed(gradient_NO, weight_OI.T),
            _times_transposed(gradient_NO.T, input_NI.T),
        )


def _times_transposed(left: Tensor, right: Tensor) -> Tensor:
    product: Tensor = torch.ops.mkldnn._linear_pointwise(left, right, None, "none", [], "")
    return product
