"""The passes of a stacked model on a GPU, through Triton, with their gradients."""

from typing import Any, final

import torch
import triton
from torch import Tensor

from configs.precision import Precision
from workers.stack import triton_launches
from workers.stack.long_attention import LONG_CONTEXT, long_attention
from workers.stack.passes import AbstractStackPasses
from workers.stack.triton_kernels import embed_backward_kernel, embed_kernel

__all__ = ["TritonStackPasses"]

# Shapes: see workers/stack/passes.py. Any: autograd's context is untyped.


@final
class TritonStackPasses(AbstractStackPasses):
    """fp32 on a GPU; the products of attention are those of torch's memory-efficient kernel.

    Args:
        precision: Of the products of attention over long contexts; over short ones they are in fp32.
    """

    def __init__(self, precision: Precision = Precision.FP32) -> None:
        self._precision = precision

    def embed(self, tokens_SN: Tensor, weight_SVD: Tensor) -> Tensor:
        """See the base class."""
        rows_SND: Tensor = _Embed.apply(tokens_SN, weight_SVD)  # type: ignore[no-untyped-call]
        return rows_SND

    def add_rms_norm(
        self, stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor, *, epsilon: float
    ) -> tuple[Tensor, Tensor]:
        """See the base class."""
        added_SND, normed_SND = _AddRmsNorm.apply(epsilon, stream_SND, addition_SND, gain_SD)  # type: ignore[no-untyped-call]
        return added_SND, normed_SND

    def rotate(self, qkv_SNO: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
        """See the base class."""
        rotated_SNO: Tensor = _Rotate.apply(rotary, num_values, qkv_SNO)  # type: ignore[no-untyped-call]
        return rotated_SNO

    def attend(self, query_WHTK: Tensor, key_WGTK: Tensor, value_WGTK: Tensor) -> Tensor:
        """See the base class."""
        if query_WHTK.shape[2] >= LONG_CONTEXT:
            return long_attention(query_WHTK, key_WGTK, value_WGTK, precision=self._precision)
        return super().attend(query_WHTK, key_WGTK, value_WGTK)

    def swiglu(self, gate_up_SNM: Tensor) -> Tensor:
        """See the base class."""
        hidden_SNM: Tensor = _SwiGlu.apply(gate_up_SNM)  # type: ignore[no-untyped-call]
        return hidden_SNM

    def mean_losses(self, logits_SNV: Tensor, targets_SN: Tensor) -> Tensor:
        """See the base class."""
        losses_S: Tensor = _MeanLosses.apply(targets_SN, logits_SNV)  # type: ignore[no-untyped-call]
        return losses_S


class _Embed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tokens_SN: Tensor, weight_SVD: Tensor) -> Tensor:
        width = weight_SVD.shape[2]
        out_SND = weight_SVD.new_empty(*tokens_SN.shape, width)
        tokens_SN = tokens_SN.contiguous()
        embed_kernel[(tokens_SN.numel(),)](
            tokens_SN,
            weight_SVD,
            out_SND,
            tokens_SN.shape[1],
            weight_SVD.stride(0),
            width,
            block=triton.next_power_of_2(width),
        )
        ctx.shape = weight_SVD.shape
        ctx.save_for_backward(tokens_SN)
        return out_SND

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient_SND,) = gradients
        (tokens_SN,) = ctx.saved_tensors
        num_seeds, vocabulary, width = ctx.shape
        first_keys_S1 = torch.arange(num_seeds, device=tokens_SN.device)[:, None] * vocabulary
        keys, order = torch.sort((tokens_SN + first_keys_S1).flatten(), stable=True)
        of_weight_SVD = gradient_SND.new_zeros(num_seeds, vocabulary, width)
        embed_backward_kernel[(keys.numel(),)](
            keys,
            order,
            gradient_SND.contiguous(),
            of_weight_SVD,
            keys.numel(),
            width,
            block=triton.next_power_of_2(width),
        )
        return None, of_weight_SVD


class _AddRmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, epsilon: float, stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor
    ) -> tuple[Tensor, Tensor]:
        normed_SND = torch.empty_like(stream_SND)
        added_SND, inverse_rms_SN = triton_launches.add_rms_norm(
            stream_SND, addition_SND, gain_SD, epsilon=epsilon, out=normed_SND
        )
        ctx.has_addition = addition_SND is not None
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(added_SND, gain_SD, inverse_rms_SN)
        return (added_SND.view_as(added_SND) if addition_SND is None else added_SND), normed_SND

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        of_stream_SND, of_gain_SD = triton_launches.add_rms_norm_gradients(*gradients, *ctx.saved_tensors)
        return None, of_stream_SND, of_stream_SND if ctx.has_addition else None, of_gain_SD


class _Rotate(torch.autograd.Function):
    """Rotates queries and keys where they are: nobody needs them as they were."""

    @staticmethod
    def forward(ctx: Any, rotary: tuple[Tensor, Tensor], num_values: int, qkv_SNO: Tensor) -> Tensor:
        ctx.settings = {"rotary": rotary, "num_values": num_values}
        ctx.mark_dirty(qkv_SNO)
        return triton_launches.rotate(qkv_SNO, **ctx.settings, direction=1.0, out=qkv_SNO)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gradient_SNO = gradients[0].contiguous()
        of_qkv_SNO = torch.empty_like(gradient_SNO)
        return None, None, triton_launches.rotate(gradient_SNO, **ctx.settings, direction=-1.0, out=of_qkv_SNO)


class _SwiGlu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gate_up_SNM: Tensor) -> Tensor:
        ctx.save_for_backward(gate_up_SNM)
        hidden_SNM = gate_up_SNM.new_empty(*gate_up_SNM.shape[:2], gate_up_SNM.shape[2] // 2)
        return triton_launches.swiglu(gate_up_SNM, out=hidden_SNM)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gate_up_SNM,) = ctx.saved_tensors
        return (triton_launches.swiglu_gradient(gradients[0], gate_up_SNM, out=torch.empty_like(gate_up_SNM)),)


class _MeanLosses(torch.autograd.Function):
    """The gradient takes the place of the logits, which nobody needs after it."""

    @staticmethod
    def forward(ctx: Any, targets_SN: Tensor, logits_SNV: Tensor) -> Tensor:
        targets_SN = targets_SN.contiguous()
        losses_S, log_sums_SN = triton_launches.cross_entropy(logits_SNV, targets_SN)
        ctx.save_for_backward(targets_SN, logits_SNV, log_sums_SN)
        return losses_S

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        targets_SN, logits_SNV, log_sums_SN = ctx.saved_tensors
        return None, triton_launches.cross_entropy_gradient(
            gradients[0], logits_SNV=logits_SNV, targets_SN=targets_SN, log_sums_SN=log_sums_SN, out=logits_SNV
        )
