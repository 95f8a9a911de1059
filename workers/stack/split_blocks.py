"""The blocks of a stacked model around split products, each with its whole gradient."""

from abc import ABC, abstractmethod
from typing import Any, final

import torch
from torch import Tensor

from configs.model import ModelConfig
from workers.stack.blocks import AbstractStackBlocks
from workers.stack.passes import AbstractStackPasses
from workers.stack.split_kernels import AbstractSplitKernels
from workers.stack.split_linear import input_gradient, product, split, split_linear, weight_gradient

__all__ = ["SplitBlocks"]

# Shapes: see workers/stack/passes.py and workers/stack/split_linear.py.


@final
class SplitBlocks(AbstractStackBlocks):
    """For `precision: bf16x6`: what lies between two products goes from one to the other in parts.

    Args:
        config: See the base class.
        passes: What computes the rest.
        kernels: The passes whose results are split.
    """

    def __init__(self, config: ModelConfig, *, passes: AbstractStackPasses, kernels: AbstractSplitKernels) -> None:
        super().__init__(config, passes=passes)
        self._kernels = kernels

    def mlp(
        self,
        stream_SND: Tensor,
        addition_SND: Tensor | None,
        gain_SD: Tensor,
        *,
        gate_up_SMD: Tensor,
        down_SDM: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """See the base class."""
        return self._after_norm(_Mlp(self._kernels), stream_SND, addition_SND, gain_SD, gate_up_SMD, down_SDM)

    def mean_losses(
        self,
        stream_SND: Tensor,
        addition_SND: Tensor | None,
        gain_SD: Tensor,
        *,
        head_SVD: Tensor,
        targets_SN: Tensor,
    ) -> Tensor:
        """See the base class."""
        head = _Head(self._kernels, targets_SN=targets_SN.contiguous())
        return self._after_norm(head, stream_SND, addition_SND, gain_SD, head_SVD)[1]

    def _rotated_qkv(
        self,
        stream_SND: Tensor,
        addition_SND: Tensor | None,
        gain_SD: Tensor,
        *,
        weight_SOD: Tensor,
        rotary: tuple[Tensor, Tensor],
    ) -> tuple[Tensor, Tensor]:
        rotated = _RotatedQkv(self._kernels, rotary=rotary, num_values=self._config.kv_width)
        return self._after_norm(rotated, stream_SND, addition_SND, gain_SD, weight_SOD)

    def _linear(self, input_SNI: Tensor, weight_SOI: Tensor) -> Tensor:
        return split_linear(input_SNI, weight_SOI)

    def _after_norm(
        self, rest: "_AbstractRest", stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor, *weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        added_SND, out = _NormAndRest.apply(  # type: ignore[no-untyped-call]
            self._kernels, self._config.norm_epsilon, rest, stream_SND, addition_SND, gain_SD, *weights
        )
        return added_SND, out


class _AbstractRest(ABC):
    """What follows the norm in a block."""

    def __init__(self, kernels: AbstractSplitKernels) -> None:
        self._kernels = kernels

    @abstractmethod
    def forward(self, normed_SNPD: Tensor, *weights: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The result for rows that are split for the left, and what `backward` needs of it."""

    @abstractmethod
    def backward(self, of_out: Tensor, *kept: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """What reaches the normalized rows, in fp32, and each weight."""


@final
class _RotatedQkv(_AbstractRest):
    def __init__(self, kernels: AbstractSplitKernels, *, rotary: tuple[Tensor, Tensor], num_values: int) -> None:
        super().__init__(kernels)
        self._rotary = rotary
        self._num_values = num_values

    def forward(self, normed_SNPD: Tensor, *weights: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        (weight_SOD,) = weights
        qkv_SNO = product(normed_SNPD, split(weight_SOD, is_left=False))
        rotated_SNO = self._kernels.rotate(qkv_SNO, self._rotary, num_values=self._num_values)
        return rotated_SNO, (normed_SNPD, weight_SOD)

    def backward(self, of_out: Tensor, *kept: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        normed_SNPD, weight_SOD = kept
        of_qkv_SNPO = self._kernels.rotate_backward(of_out, self._rotary, num_values=self._num_values)
        return input_gradient(of_qkv_SNPO, weight_SOD), (weight_gradient(of_qkv_SNPO, normed_SNPD),)


@final
class _Mlp(_AbstractRest):
    def forward(self, normed_SNPD: Tensor, *weights: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        gate_up_SMD, down_SDM = weights
        gate_up_SNM = product(normed_SNPD, split(gate_up_SMD, is_left=False))
        hidden_SNPM = self._kernels.swiglu(gate_up_SNM)
        out_SND = product(hidden_SNPM, split(down_SDM, is_left=False))
        return out_SND, (normed_SNPD, gate_up_SMD, gate_up_SNM, hidden_SNPM, down_SDM)

    def backward(self, of_out: Tensor, *kept: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        normed_SNPD, gate_up_SMD, gate_up_SNM, hidden_SNPM, down_SDM = kept
        of_out_SNPD = split(of_out, is_left=False)
        of_down_SDM = weight_gradient(of_out_SNPD, hidden_SNPM)
        of_gate_up_SNPM = self._kernels.swiglu_backward(input_gradient(of_out_SNPD, down_SDM), gate_up_SNM)
        of_gate_up_SMD = weight_gradient(of_gate_up_SNPM, normed_SNPD)
        return input_gradient(of_gate_up_SNPM, gate_up_SMD), (of_gate_up_SMD, of_down_SDM)


@final
class _Head(_AbstractRest):
    def __init__(self, kernels: AbstractSplitKernels, *, targets_SN: Tensor) -> None:
        super().__init__(kernels)
        self._targets_SN = targets_SN

    def forward(self, normed_SNPD: Tensor, *weights: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        (head_SVD,) = weights
        logits_SNV = product(normed_SNPD, split(head_SVD, is_left=False))
        losses_S, log_sums_SN = self._kernels.cross_entropy(logits_SNV, self._targets_SN)
        return losses_S, (normed_SNPD, head_SVD, logits_SNV, log_sums_SN)

    def backward(self, of_out: Tensor, *kept: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        normed_SNPD, head_SVD, logits_SNV, log_sums_SN = kept
        of_logits_SNPV = self._kernels.cross_entropy_backward(
            of_out.contiguous(), logits_SNV=logits_SNV, targets_SN=self._targets_SN, log_sums_SN=log_sums_SN
        )
        return input_gradient(of_logits_SNPV, head_SVD), (weight_gradient(of_logits_SNPV, normed_SNPD),)


class _NormAndRest(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # Any: untyped
        kernels: AbstractSplitKernels,
        epsilon: float,
        rest: _AbstractRest,
        stream_SND: Tensor,
        addition_SND: Tensor | None,
        gain_SD: Tensor,
        *weights: Tensor,
    ) -> tuple[Tensor, Tensor]:
        added_SND, normed_SNPD, inverse_rms_SN = kernels.add_rms_norm(
            stream_SND, addition_SND, gain_SD, epsilon=epsilon
        )
        out, kept = rest.forward(normed_SNPD, *weights)
        ctx.kernels, ctx.rest, ctx.has_addition = kernels, rest, addition_SND is not None
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(added_SND, gain_SD, inverse_rms_SN, *kept)
        return (added_SND.view_as(added_SND) if addition_SND is None else added_SND), out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        of_added_SND, of_out = gradients
        added_SND, gain_SD, inverse_rms_SN, *kept = ctx.saved_tensors
        of_normed_SND, of_weights = ctx.rest.backward(of_out, *kept)
        of_stream_SND, of_gain_SD = ctx.kernels.add_rms_norm_backward(
            of_added_SND, of_normed_SND, added_SND=added_SND, gain_SD=gain_SD, inverse_rms_SN=inverse_rms_SN
        )
        of_addition_SND = of_stream_SND if ctx.has_addition else None
        return None, None, None, of_stream_SND, of_addition_SND, of_gain_SD, *of_weights
