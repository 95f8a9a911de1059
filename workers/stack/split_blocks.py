"""The blocks of a stacked model around split products, each with its whole gradient."""

from abc import ABC, abstractmethod
from typing import Any, final

import torch
from torch import Tensor

from configs.model import ModelConfig
from workers.stack.blocks import AbstractStackBlocks
from workers.stack.passes import AbstractStackPasses
from workers.stack.split_kernels import AbstractSplitKernels, Split
from workers.stack.split_linear import (
    bounded_input_gradient,
    bounded_product,
    input_gradient,
    product,
    split_linear,
    weight_gradient,
)

__all__ = ["SplitBlocks"]

# Shapes: see workers/stack/passes.py.


@final
class SplitBlocks(AbstractStackBlocks):
    """For `precision: fp16x3`: what lies between two products goes from one to the other in parts.

    Args:
        config: See the base class.
        passes: What computes the rest.
        kernels: The products, and the passes whose results are split.
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
        return split_linear(input_SNI, weight_SOI, kernels=self._kernels)

    def _after_norm(
        self, rest: "_AbstractRest", stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor, *weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        added_SND, out = _NormAndRest.apply(  # type: ignore[no-untyped-call]
            self._kernels, self._config.norm_epsilon, rest, stream_SND, addition_SND, gain_SD, *weights
        )
        return added_SND, out


class _AbstractRest(ABC):
    """What follows the norm in a block, once; it keeps what its gradient needs."""

    def __init__(self, kernels: AbstractSplitKernels) -> None:
        self._kernels = kernels
        self._kept: tuple[Any, ...] = ()  # Any: of each kind its own

    def _take(self) -> tuple[Any, ...]:
        """What `forward` kept, which is let go when the gradient is there."""
        kept, self._kept = self._kept, ()
        return kept

    @abstractmethod
    def forward(self, normed: Split, *weights: Tensor) -> Tensor:
        """The result for normalized rows."""

    @abstractmethod
    def backward(self, of_out: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """What reaches the normalized rows, in fp32, and each weight."""


@final
class _RotatedQkv(_AbstractRest):
    def __init__(self, kernels: AbstractSplitKernels, *, rotary: tuple[Tensor, Tensor], num_values: int) -> None:
        super().__init__(kernels)
        self._rotary = rotary
        self._num_values = num_values

    def forward(self, normed: Split, *weights: Tensor) -> Tensor:
        weight = self._kernels.split(weights[0])
        self._kept = normed, weight
        qkv_SNO = product(normed, weight, kernels=self._kernels)
        return self._kernels.rotate(qkv_SNO, self._rotary, num_values=self._num_values)

    def backward(self, of_out: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        normed, weight = self._take()
        of_qkv = self._kernels.rotate_backward(of_out, self._rotary, num_values=self._num_values)
        of_weight_SOD = weight_gradient(of_qkv, normed, kernels=self._kernels)
        return input_gradient(of_qkv, weight, kernels=self._kernels), (of_weight_SOD,)


@final
class _Mlp(_AbstractRest):
    def forward(self, normed: Split, *weights: Tensor) -> Tensor:
        gate_up, down = (self._kernels.split(weight) for weight in weights)
        gate_up_SNM, bound_S = bounded_product(normed, gate_up, kernels=self._kernels)
        hidden = self._kernels.swiglu(gate_up_SNM, bound_S=bound_S)
        self._kept = normed, gate_up, gate_up_SNM, bound_S, hidden, down
        return product(hidden, down, kernels=self._kernels)

    def backward(self, of_out: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        normed, gate_up, gate_up_SNM, bound_S, hidden, down = self._take()
        split_of_out = self._kernels.split(of_out)
        of_down_SDM = weight_gradient(split_of_out, hidden, kernels=self._kernels)
        of_hidden_SNM, of_hidden_bound_S = bounded_input_gradient(split_of_out, down, kernels=self._kernels)
        of_gate_up = self._kernels.swiglu_backward(
            of_hidden_SNM, gate_up_SNM, of_hidden_bound_S=of_hidden_bound_S, bound_S=bound_S
        )
        of_gate_up_SMD = weight_gradient(of_gate_up, normed, kernels=self._kernels)
        return input_gradient(of_gate_up, gate_up, kernels=self._kernels), (of_gate_up_SMD, of_down_SDM)


@final
class _Head(_AbstractRest):
    def __init__(self, kernels: AbstractSplitKernels, *, targets_SN: Tensor) -> None:
        super().__init__(kernels)
        self._targets_SN = targets_SN

    def forward(self, normed: Split, *weights: Tensor) -> Tensor:
        head = self._kernels.split(weights[0])
        logits_SNV = product(normed, head, kernels=self._kernels)
        losses_S, log_sums_SN = self._kernels.cross_entropy(logits_SNV, self._targets_SN)
        self._kept = normed, head, logits_SNV, log_sums_SN
        return losses_S

    def backward(self, of_out: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        normed, head, logits_SNV, log_sums_SN = self._take()
        of_logits = self._kernels.cross_entropy_backward(
            of_out.contiguous(), logits_SNV=logits_SNV, targets_SN=self._targets_SN, log_sums_SN=log_sums_SN
        )
        of_head_SVD = weight_gradient(of_logits, normed, kernels=self._kernels)
        return input_gradient(of_logits, head, kernels=self._kernels), (of_head_SVD,)


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
        added_SND, normed, inverse_rms_SN = kernels.add_rms_norm(stream_SND, addition_SND, gain_SD, epsilon=epsilon)
        out = rest.forward(normed, *weights)
        ctx.kernels, ctx.rest, ctx.has_addition = kernels, rest, addition_SND is not None
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(added_SND, gain_SD, inverse_rms_SN)
        return (added_SND.view_as(added_SND) if addition_SND is None else added_SND), out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        of_added_SND, of_out = gradients
        added_SND, gain_SD, inverse_rms_SN = ctx.saved_tensors
        of_normed_SND, of_weights = ctx.rest.backward(of_out)
        of_stream_SND, of_gain_SD = ctx.kernels.add_rms_norm_backward(
            of_added_SND, of_normed_SND, added_SND=added_SND, gain_SD=gain_SD, inverse_rms_SN=inverse_rms_SN
        )
        of_addition_SND = of_stream_SND if ctx.has_addition else None
        return None, None, None, of_stream_SND, of_addition_SND, of_gain_SD, *of_weights
