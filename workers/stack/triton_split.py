"""What is split for products, in one pass over a GPU's memory each."""

from typing import final

import torch
import triton
from torch import Tensor

from workers.stack.split_kernels import AbstractSplitKernels
from workers.stack.triton_kernels import (
    add_rms_norm_kernel,
    cross_entropy_backward_kernel,
    cross_entropy_kernel,
    split_kernel,
    swiglu_backward_kernel,
    swiglu_kernel,
)
from workers.stack.triton_passes import rms_norm_gradients, rotate

__all__ = ["TritonSplitKernels", "split_on_gpu"]

_VALUES_PER_PROGRAM = 1_024


def split_on_gpu(values_SRC: Tensor, planes: Tensor, *, is_left: bool, are_planes_outside: bool) -> None:
    """Fill `planes`; see `workers.stack.split_linear.split`. The rows of one seed are dense."""
    _, num_rows, num_columns = values_SRC.shape
    # Values that lie together in a plane, and how many there are before the next plane begins.
    run = num_rows * num_columns if are_planes_outside else num_columns
    grid = (triton.cdiv(values_SRC.numel(), _VALUES_PER_PROGRAM),)
    split_kernel[grid](
        values_SRC,
        planes,
        run,
        num_rows * num_columns,
        values_SRC.stride(0),
        values_SRC.numel(),
        is_left=is_left,
        block=_VALUES_PER_PROGRAM,
    )


@final
class TritonSplitKernels(AbstractSplitKernels):
    """Through Triton."""

    def add_rms_norm(
        self, stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor, *, epsilon: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See the base class."""
        num_seeds, num_rows, width = stream_SND.shape
        added_SND = stream_SND if addition_SND is None else torch.empty_like(stream_SND)
        normed_SNPD = _planes(num_seeds, num_rows, width, like=stream_SND)
        inverse_rms_SN = stream_SND.new_empty(num_seeds, num_rows)
        add_rms_norm_kernel[(num_seeds * num_rows,)](
            stream_SND,
            addition_SND,
            gain_SD,
            added_SND,
            normed_SNPD,
            inverse_rms_SN,
            num_rows,
            gain_SD.stride(0),
            width,
            epsilon,
            has_addition=addition_SND is not None,
            block=triton.next_power_of_2(width),
            is_split=True,
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
        return rms_norm_gradients(of_added_SND, of_normed_SND, added_SND, gain_SD, inverse_rms_SN)

    def turn(self, qkv_SND: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
        """See the base class."""
        rotate(qkv_SND, qkv_SND, rotary=rotary, num_values=num_values, direction=1.0)
        return qkv_SND

    def turn_backward(self, of_turned_SND: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
        """See the base class."""
        of_qkv_SNPD = _planes(*of_turned_SND.shape, like=of_turned_SND)
        rotate(
            of_turned_SND.contiguous(), of_qkv_SNPD, rotary=rotary, num_values=num_values, direction=-1.0, is_split=True
        )
        return of_qkv_SNPD

    def swiglu(self, gate_up_SNM: Tensor) -> Tensor:
        """See the base class."""
        num_seeds, num_rows, mlp_width = gate_up_SNM.shape[0], gate_up_SNM.shape[1], gate_up_SNM.shape[2] // 2
        hidden_SNPM = _planes(num_seeds, num_rows, mlp_width, like=gate_up_SNM)
        num_values = num_seeds * num_rows * mlp_width
        swiglu_kernel[(triton.cdiv(num_values, _VALUES_PER_PROGRAM),)](
            gate_up_SNM, hidden_SNPM, mlp_width, num_values, block=_VALUES_PER_PROGRAM, is_split=True
        )
        return hidden_SNPM

    def swiglu_backward(self, of_hidden_SNM: Tensor, gate_up_SNM: Tensor) -> Tensor:
        """See the base class."""
        of_gate_up_SNPM = _planes(*gate_up_SNM.shape, like=gate_up_SNM)
        swiglu_backward_kernel[(triton.cdiv(of_hidden_SNM.numel(), _VALUES_PER_PROGRAM),)](
            of_hidden_SNM,
            gate_up_SNM,
            of_gate_up_SNPM,
            of_hidden_SNM.shape[2],
            of_hidden_SNM.numel(),
            block=_VALUES_PER_PROGRAM,
            is_split=True,
        )
        return of_gate_up_SNPM

    def cross_entropy(self, logits_SNV: Tensor, targets_SN: Tensor) -> tuple[Tensor, Tensor]:
        """See the base class."""
        losses_SN, log_sums_SN = (logits_SNV.new_empty(targets_SN.shape) for _ in range(2))
        vocabulary = logits_SNV.shape[2]
        cross_entropy_kernel[(targets_SN.numel(),)](
            logits_SNV, targets_SN, losses_SN, log_sums_SN, vocabulary, block=triton.next_power_of_2(vocabulary)
        )
        return losses_SN.mean(dim=1), log_sums_SN

    def cross_entropy_backward(
        self, of_losses_S: Tensor, *, logits_SNV: Tensor, targets_SN: Tensor, log_sums_SN: Tensor
    ) -> Tensor:
        """See the base class."""
        num_seeds, num_rows, vocabulary = logits_SNV.shape
        gradient_SNPV = _planes(num_seeds, num_rows, vocabulary, like=logits_SNV)
        cross_entropy_backward_kernel[(num_seeds * num_rows,)](
            logits_SNV,
            targets_SN,
            log_sums_SN,
            of_losses_S,
            gradient_SNPV,
            num_rows,
            vocabulary,
            block=triton.next_power_of_2(vocabulary),
            is_split=True,
        )
        return gradient_SNPV


def _planes(num_seeds: int, num_rows: int, num_columns: int, *, like: Tensor) -> Tensor:
    return like.new_empty(num_seeds, num_rows, 6, num_columns, dtype=torch.bfloat16)
