"""What is split for products, in one pass over a GPU's memory each."""

from typing import final

import torch
from torch import Tensor

from workers.stack import triton_launches
from workers.stack.split_kernels import AbstractSplitKernels

__all__ = ["TritonSplitKernels"]


@final
class TritonSplitKernels(AbstractSplitKernels):
    """Through Triton."""

    def add_rms_norm(
        self, stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor, *, epsilon: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See the base class."""
        normed_SNPD = _planes(*stream_SND.shape, like=stream_SND)
        added_SND, inverse_rms_SN = triton_launches.add_rms_norm(
            stream_SND, addition_SND, gain_SD, epsilon=epsilon, out=normed_SNPD
        )
        return added_SND, normed_SNPD, inverse_rms_SN

    def add_rms_norm_backward(
        self,
        of_added_SND: Tensor | None,
        of_normed_SND: Tensor,
        *,
        added_SND: Tensor,
        gain_SD: Tensor,
        inverse_rms_SN: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """See the base class."""
        return triton_launches.add_rms_norm_gradients(of_added_SND, of_normed_SND, added_SND, gain_SD, inverse_rms_SN)

    def rotate(self, qkv_SNO: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
        """See the base class."""
        return triton_launches.rotate(qkv_SNO, rotary=rotary, num_values=num_values, direction=1.0, out=qkv_SNO)

    def rotate_backward(self, of_rotated_SNO: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
        """See the base class."""
        of_qkv_SNPO = _planes(*of_rotated_SNO.shape, like=of_rotated_SNO)
        return triton_launches.rotate(
            of_rotated_SNO.contiguous(), rotary=rotary, num_values=num_values, direction=-1.0, out=of_qkv_SNPO
        )

    def swiglu(self, gate_up_SNM: Tensor) -> Tensor:
        """See the base class."""
        num_seeds, num_rows, both_widths = gate_up_SNM.shape
        return triton_launches.swiglu(gate_up_SNM, out=_planes(num_seeds, num_rows, both_widths // 2, like=gate_up_SNM))

    def swiglu_backward(self, of_hidden_SNM: Tensor, gate_up_SNM: Tensor) -> Tensor:
        """See the base class."""
        of_gate_up_SNPM = _planes(*gate_up_SNM.shape, like=gate_up_SNM)
        return triton_launches.swiglu_gradient(of_hidden_SNM, gate_up_SNM, out=of_gate_up_SNPM)

    def cross_entropy(self, logits_SNV: Tensor, targets_SN: Tensor) -> tuple[Tensor, Tensor]:
        """See the base class."""
        return triton_launches.cross_entropy(logits_SNV, targets_SN)

    def cross_entropy_backward(
        self, of_losses_S: Tensor, *, logits_SNV: Tensor, targets_SN: Tensor, log_sums_SN: Tensor
    ) -> Tensor:
        """See the base class."""
        return triton_launches.cross_entropy_gradient(
            of_losses_S,
            logits_SNV=logits_SNV,
            targets_SN=targets_SN,
            log_sums_SN=log_sums_SN,
            out=_planes(*logits_SNV.shape, like=logits_SNV),
        )


def _planes(num_seeds: int, num_rows: int, num_columns: int, *, like: Tensor) -> Tensor:
    return like.new_empty(num_seeds, num_rows, 6, num_columns, dtype=torch.bfloat16)
