"""The blocks of a stacked model around split products, each with its whole gradient."""

from typing import Any, final

import torch
from torch import Tensor

from configs.precision import Precision
from workers.stack.passes import AbstractStackPasses
from workers.stack.split_kernels import AbstractSplitKernels
from workers.stack.split_linear import input_gradient, product, split, weight_gradient

__all__ = ["SplitPasses"]

# Shapes: see workers/stack/passes.py and workers/stack/split_linear.py. Any: autograd's context is untyped.


@final
class SplitPasses(AbstractStackPasses):
    """For `precision: bf16x6`: what lies between two products goes from one to the other in parts.

    Args:
        passes: What computes the rest.
        kernels: The passes whose results are split.
    """

    def __init__(self, passes: AbstractStackPasses, *, kernels: AbstractSplitKernels) -> None:
        self._passes = passes
        self._kernels = kernels

    def embed(self, tokens_SN: Tensor, weight_SVD: Tensor) -> Tensor:
        """See the base class."""
        return self._passes.embed(tokens_SN, weight_SVD)

    def add_rms_norm(
        self, stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor, *, epsilon: float
    ) -> tuple[Tensor, Tensor]:
        """See the base class."""
        return self._passes.add_rms_norm(stream_SND, addition_SND, gain_SD, epsilon=epsilon)

    def turn(self, qkv_SND: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
        """See the base class."""
        return self._passes.turn(qkv_SND, rotary, num_values=num_values)

    def mix(self, turned_SND: Tensor, *, num_windows: int, num_heads: int, num_kv_heads: int) -> Tensor:
        """See the base class."""
        return self._passes.mix(turned_SND, num_windows=num_windows, num_heads=num_heads, num_kv_heads=num_kv_heads)

    def swiglu(self, gate_up_SNM: Tensor) -> Tensor:
        """See the base class."""
        return self._passes.swiglu(gate_up_SNM)

    def mean_losses(self, logits_SNV: Tensor, targets_SN: Tensor) -> Tensor:
        """See the base class."""
        return self._passes.mean_losses(logits_SNV, targets_SN)

    def attend(
        self,
        stream_SND: Tensor,
        addition_SND: Tensor | None,
        gain_SD: Tensor,
        *,
        qkv_weight_SOD: Tensor,
        rotary: tuple[Tensor, Tensor],
        num_windows: int,
        num_heads: int,
        num_kv_heads: int,
        epsilon: float,
        precision: Precision,
    ) -> tuple[Tensor, Tensor]:
        """See the base class."""
        assert precision is Precision.BF16X6
        num_values = num_kv_heads * rotary[0].shape[1]
        added_SND, turned_SND = _TurnedQkv.apply(  # type: ignore[no-untyped-call]
            self._kernels, epsilon, rotary, num_values, stream_SND, addition_SND, gain_SD, qkv_weight_SOD
        )
        return added_SND, self.mix(turned_SND, num_windows=num_windows, num_heads=num_heads, num_kv_heads=num_kv_heads)

    def mlp(
        self,
        stream_SND: Tensor,
        addition_SND: Tensor | None,
        gain_SD: Tensor,
        *,
        gate_up_SMD: Tensor,
        down_SDM: Tensor,
        epsilon: float,
        precision: Precision,
    ) -> tuple[Tensor, Tensor]:
        """See the base class."""
        assert precision is Precision.BF16X6
        added_SND, out_SND = _Mlp.apply(  # type: ignore[no-untyped-call]
            self._kernels, epsilon, stream_SND, addition_SND, gain_SD, gate_up_SMD, down_SDM
        )
        return added_SND, out_SND

    def losses_under_head(
        self,
        stream_SND: Tensor,
        addition_SND: Tensor | None,
        gain_SD: Tensor,
        *,
        head_SVD: Tensor,
        targets_SN: Tensor,
        epsilon: float,
        precision: Precision,
    ) -> Tensor:
        """See the base class."""
        assert precision is Precision.BF16X6
        losses_S: Tensor = _Head.apply(  # type: ignore[no-untyped-call]
            self._kernels, epsilon, targets_SN.contiguous(), stream_SND, addition_SND, gain_SD, head_SVD
        )
        return losses_S


class _TurnedQkv(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        kernels: AbstractSplitKernels,
        epsilon: float,
        rotary: tuple[Tensor, Tensor],
        num_values: int,
        stream_SND: Tensor,
        addition_SND: Tensor | None,
        gain_SD: Tensor,
        weight_SOD: Tensor,
    ) -> tuple[Tensor, Tensor]:
        added_SND, normed_SNPD, inverse_rms_SN = kernels.add_rms_norm(
            stream_SND, addition_SND, gain_SD, epsilon=epsilon
        )
        qkv_SND = product(normed_SNPD, split(weight_SOD, is_left=False))
        ctx.kernels, ctx.has_addition = kernels, addition_SND is not None
        ctx.rotary, ctx.num_values = rotary, num_values
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(added_SND, gain_SD, inverse_rms_SN, normed_SNPD, weight_SOD)
        turned_SND = kernels.turn(qkv_SND, rotary, num_values=num_values)
        return (added_SND.view_as(added_SND) if addition_SND is None else added_SND), turned_SND

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        of_added_SND, of_turned_SND = gradients
        added_SND, gain_SD, inverse_rms_SN, normed_SNPD, weight_SOD = ctx.saved_tensors
        of_qkv_SNPO = ctx.kernels.turn_backward(of_turned_SND, ctx.rotary, num_values=ctx.num_values)
        of_stream_SND, of_gain_SD = ctx.kernels.add_rms_norm_backward(
            of_added_SND,
            input_gradient(of_qkv_SNPO, weight_SOD),
            added_SND=added_SND,
            gain_SD=gain_SD,
            inverse_rms_SN=inverse_rms_SN,
        )
        return (
            None,
            None,
            None,
            None,
            of_stream_SND,
            of_stream_SND if ctx.has_addition else None,
            of_gain_SD,
            weight_gradient(of_qkv_SNPO, normed_SNPD),
        )


class _Mlp(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        kernels: AbstractSplitKernels,
        epsilon: float,
        stream_SND: Tensor,
        addition_SND: Tensor | None,
        gain_SD: Tensor,
        gate_up_SMD: Tensor,
        down_SDM: Tensor,
    ) -> tuple[Tensor, Tensor]:
        added_SND, normed_SNPD, inverse_rms_SN = kernels.add_rms_norm(
            stream_SND, addition_SND, gain_SD, epsilon=epsilon
        )
        gate_up_SNM = product(normed_SNPD, split(gate_up_SMD, is_left=False))
        hidden_SNPM = kernels.swiglu(gate_up_SNM)
        ctx.kernels, ctx.has_addition = kernels, addition_SND is not None
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(
            added_SND, gain_SD, inverse_rms_SN, normed_SNPD, gate_up_SMD, gate_up_SNM, hidden_SNPM, down_SDM
        )
        out_SND = product(hidden_SNPM, split(down_SDM, is_left=False))
        return (added_SND.view_as(added_SND) if addition_SND is None else added_SND), out_SND

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        of_added_SND, of_out_SND = gradients
        added_SND, gain_SD, inverse_rms_SN, normed_SNPD, gate_up_SMD, gate_up_SNM, hidden_SNPM, down_SDM = (
            ctx.saved_tensors
        )
        of_out_SNPD = split(of_out_SND, is_left=False)
        of_hidden_SNM = input_gradient(of_out_SNPD, down_SDM)
        of_down_SDM = weight_gradient(of_out_SNPD, hidden_SNPM)
        of_gate_up_SNPM = ctx.kernels.swiglu_backward(of_hidden_SNM, gate_up_SNM)
        of_stream_SND, of_gain_SD = ctx.kernels.add_rms_norm_backward(
            of_added_SND,
            input_gradient(of_gate_up_SNPM, gate_up_SMD),
            added_SND=added_SND,
            gain_SD=gain_SD,
            inverse_rms_SN=inverse_rms_SN,
        )
        return (
            None,
            None,
            of_stream_SND,
            of_stream_SND if ctx.has_addition else None,
            of_gain_SD,
            weight_gradient(of_gate_up_SNPM, normed_SNPD),
            of_down_SDM,
        )


class _Head(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        kernels: AbstractSplitKernels,
        epsilon: float,
        targets_SN: Tensor,
        stream_SND: Tensor,
        addition_SND: Tensor | None,
        gain_SD: Tensor,
        head_SVD: Tensor,
    ) -> Tensor:
        added_SND, normed_SNPD, inverse_rms_SN = kernels.add_rms_norm(
            stream_SND, addition_SND, gain_SD, epsilon=epsilon
        )
        logits_SNV = product(normed_SNPD, split(head_SVD, is_left=False))
        losses_S, log_sums_SN = kernels.cross_entropy(logits_SNV, targets_SN)
        ctx.kernels, ctx.has_addition = kernels, addition_SND is not None
        ctx.save_for_backward(
            added_SND, gain_SD, inverse_rms_SN, normed_SNPD, head_SVD, logits_SNV, targets_SN, log_sums_SN
        )
        return losses_S

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        added_SND, gain_SD, inverse_rms_SN, normed_SNPD, head_SVD, logits_SNV, targets_SN, log_sums_SN = (
            ctx.saved_tensors
        )
        of_logits_SNPV = ctx.kernels.cross_entropy_backward(
            gradients[0].contiguous(), logits_SNV=logits_SNV, targets_SN=targets_SN, log_sums_SN=log_sums_SN
        )
        of_stream_SND, of_gain_SD = ctx.kernels.add_rms_norm_backward(
            None,
            input_gradient(of_logits_SNPV, head_SVD),
            added_SND=added_SND,
            gain_SD=gain_SD,
            inverse_rms_SN=inverse_rms_SN,
        )
        return (
            None,
            None,
            None,
            of_stream_SND,
            of_stream_SND if ctx.has_addition else None,
            of_gain_SD,
            weight_gradient(of_logits_SNPV, normed_SNPD),
        )
