"""The passes of the model through the compiled kernels, with their gradients."""

from typing import Any, final

import torch
from torch import Tensor

from configs.precision import Precision
from workers.kernels.library import KernelLibrary
from workers.linear import dense, input_gradient, linear, product, weight_gradient
from workers.passes import AbstractPasses, heads_of, shared_heads

__all__ = ["CompiledPasses"]

# Shapes: see workers/passes.py. Any: autograd's context is untyped.

_ROWS_PER_CHUNK = 512  # bounds the logits that exist at once: 8 MB at a vocabulary of 4,096


@final
class CompiledPasses(AbstractPasses):
    """fp32 on a CPU.

    Args:
        library: The kernels.
    """

    def __init__(self, library: KernelLibrary) -> None:
        self._library = library

    def linear(self, input_NI: Tensor, *weights_OI: Tensor, precision: Precision) -> Tensor:
        """See the base class."""
        return linear(input_NI, *weights_OI, precision=precision, transpose=self._library.transposed)

    def add_rms_norm(
        self, stream_ND: Tensor, addition_ND: Tensor | None, gain_D: Tensor, *, epsilon: float
    ) -> tuple[Tensor, Tensor]:
        """See the base class."""
        added_ND, normed_ND = _AddRmsNorm.apply(self._library, epsilon, stream_ND, addition_ND, gain_D)  # type: ignore[no-untyped-call]
        return added_ND, normed_ND

    def attention(
        self,
        qkv_ND: Tensor,
        rotary: tuple[Tensor, Tensor],
        *,
        num_windows: int,
        num_heads: int,
        num_kv_heads: int,
    ) -> Tensor:
        """See the base class. The kernel knows heads with keys of their own: shared ones are copied for each."""
        if num_kv_heads != num_heads:
            qkv_ND = _with_own_keys(qkv_ND, num_heads=num_heads, num_kv_heads=num_kv_heads)
        mixed_ND: Tensor = _Attention.apply(self._library, rotary, num_windows, num_heads, qkv_ND)  # type: ignore[no-untyped-call]
        return mixed_ND

    def swiglu(self, gate_up_NM: Tensor) -> Tensor:
        """See the base class."""
        hidden_NM: Tensor = _SwiGlu.apply(self._library, gate_up_NM)  # type: ignore[no-untyped-call]
        return hidden_NM

    def mean_loss(
        self, hidden_ND: Tensor, weight_VD: Tensor, targets_N: Tensor, *, out_of: int, precision: Precision
    ) -> Tensor:
        """See the base class."""
        loss: Tensor = _MeanLoss.apply(self._library, precision, out_of, targets_N, hidden_ND, weight_VD)  # type: ignore[no-untyped-call]
        return loss


class _AddRmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, library: KernelLibrary, epsilon: float, stream_ND: Tensor, addition_ND: Tensor | None, gain_D: Tensor
    ) -> tuple[Tensor, Tensor]:
        added_ND, normed_ND, inverse_rms_N = library.add_rms_norm(stream_ND, addition_ND, gain_D, epsilon=epsilon)
        ctx.library = library
        ctx.has_addition = addition_ND is not None
        ctx.save_for_backward(added_ND, gain_D, inverse_rms_N)
        ctx.set_materialize_grads(False)
        return (added_ND.view_as(added_ND) if addition_ND is None else added_ND), normed_ND

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        added_gradient_ND, normed_gradient_ND = (_by_rows(gradient) for gradient in gradients)
        if normed_gradient_ND is None:
            return None, None, added_gradient_ND, added_gradient_ND if ctx.has_addition else None, None
        stream_gradient_ND, gain_gradient_D = ctx.library.add_rms_norm_backward(
            added_gradient_ND, normed_gradient_ND, *ctx.saved_tensors
        )
        return None, None, stream_gradient_ND, stream_gradient_ND if ctx.has_addition else None, gain_gradient_D


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        library: KernelLibrary,
        rotary: tuple[Tensor, Tensor],
        num_windows: int,
        num_heads: int,
        qkv_ND: Tensor,
    ) -> Tensor:
        output_ND, log_sums = library.attention(qkv_ND, rotary, num_windows=num_windows, num_heads=num_heads)
        ctx.library = library
        ctx.rotary = rotary
        ctx.sizes = {"num_windows": num_windows, "num_heads": num_heads}
        ctx.save_for_backward(output_ND, log_sums, qkv_ND)
        return output_ND

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (output_gradient_ND,) = gradients
        gradient_ND = ctx.library.attention_backward(
            output_gradient_ND.contiguous(), *ctx.saved_tensors, ctx.rotary, **ctx.sizes
        )
        return None, None, None, None, gradient_ND


class _SwiGlu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, library: KernelLibrary, gate_up_NM: Tensor) -> Tensor:
        ctx.library = library
        ctx.save_for_backward(gate_up_NM)
        return library.swiglu(gate_up_NM)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (hidden_gradient_NM,) = gradients
        return None, ctx.library.swiglu_backward(hidden_gradient_NM.contiguous(), *ctx.saved_tensors)


class _MeanLoss(torch.autograd.Function):
    """The gradients are computed together with the loss, chunk by chunk, so that the logits never exist as a whole."""

    @staticmethod
    def forward(
        ctx: Any,
        library: KernelLibrary,
        precision: Precision,
        out_of: int,
        targets_N: Tensor,
        hidden_ND: Tensor,
        weight_VD: Tensor,
    ) -> Tensor:
        losses, of_hidden, of_weight_VD = [], [], torch.zeros(())
        for rows_ND, targets in zip(hidden_ND.split(_ROWS_PER_CHUNK), targets_N.split(_ROWS_PER_CHUNK), strict=True):
            logits_NV = product(rows_ND, weight_VD, precision=precision)
            losses.append(library.cross_entropy_with_gradient(logits_NV, targets, gradient_scale=1.0 / out_of))
            of_hidden.append(input_gradient(logits_NV, weight_VD, precision=precision))
            part_VD = weight_gradient(logits_NV, rows_ND, precision=precision, transpose=library.transposed)
            of_weight_VD = part_VD if len(losses) == 1 else of_weight_VD.add_(part_VD)
        ctx.save_for_backward(torch.cat(of_hidden), dense(of_weight_VD, transpose=library.transposed))
        return torch.cat(losses).sum() / out_of

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (of_loss,) = gradients
        of_hidden_ND, of_weight_VD = ctx.saved_tensors
        if of_loss.item() != 1.0:
            of_hidden_ND, of_weight_VD = of_hidden_ND * of_loss, of_weight_VD * of_loss
        return None, None, None, None, of_hidden_ND, of_weight_VD


def _with_own_keys(qkv_ND: Tensor, *, num_heads: int, num_kv_heads: int) -> Tensor:
    """Rows of H queries, H keys and H values."""
    parts = heads_of(qkv_ND[None], num_heads=num_heads, num_kv_heads=num_kv_heads)
    heads_3HNK = torch.cat([shared_heads(part, num_heads=num_heads) for part in parts], dim=1)[0]
    return heads_3HNK.transpose(0, 1).flatten(1)


def _by_rows(gradient: Tensor | None) -> Tensor | None:
    return None if gradient is None else gradient.contiguous()
