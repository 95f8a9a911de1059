"""Start the Triton programs on tensors; a result that is given in bf16 becomes the six planes of a split product."""

import torch
import triton
from torch import Tensor

from workers.stack.divisors import largest_divisor
from workers.stack.triton_kernels import (
    add_rms_norm_backward_kernel,
    add_rms_norm_kernel,
    cross_entropy_backward_kernel,
    cross_entropy_kernel,
    rotate_kernel,
    split_kernel,
    swiglu_backward_kernel,
    swiglu_kernel,
)

__all__ = [
    "add_rms_norm",
    "add_rms_norm_gradients",
    "cross_entropy",
    "cross_entropy_gradient",
    "rotate",
    "split_into",
    "swiglu",
    "swiglu_gradient",
]

# Shapes: see workers/stack/passes.py; `out` has them, or an axis of planes before its last.

_MOST_ROWS_PER_PART = 16  # rows whose gain gradients one program adds up
_VALUES_PER_PROGRAM = 1_024
_MOST_VALUES_OF_FOUR_WARPS = 16_384  # 128 in each thread, of its 255 registers


def add_rms_norm(
    stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor, *, epsilon: float, out: Tensor
) -> tuple[Tensor, Tensor]:
    """Fill `out` with normalized sums; the sums, and one over their rows' root mean squares, shape (S, N)."""
    num_seeds, rows_per_seed, width = stream_SND.shape
    added_SND = stream_SND if addition_SND is None else torch.empty_like(stream_SND)
    inverse_rms_SN = stream_SND.new_empty(num_seeds, rows_per_seed)
    add_rms_norm_kernel[(num_seeds * rows_per_seed,)](
        stream_SND,
        addition_SND,
        gain_SD,
        added_SND,
        out,
        inverse_rms_SN,
        rows_per_seed,
        gain_SD.stride(0),
        width,
        epsilon,
        has_addition=addition_SND is not None,
        block=triton.next_power_of_2(width),
        is_split=_is_split(out),
    )
    return added_SND, inverse_rms_SN


def add_rms_norm_gradients(
    of_added_SND: Tensor | None, of_normed_SND: Tensor, added_SND: Tensor, gain_SD: Tensor, inverse_rms_SN: Tensor
) -> tuple[Tensor, Tensor]:
    """What reaches the sum, which is also what reaches both of its parts, and the gain."""
    num_seeds, rows_per_seed, width = added_SND.shape
    rows_per_part = largest_divisor(rows_per_seed, at_most=_MOST_ROWS_PER_PART)
    parts_per_seed = rows_per_seed // rows_per_part
    of_stream_SND = torch.empty_like(added_SND)
    gain_gradients = added_SND.new_empty(num_seeds, parts_per_seed, width)
    add_rms_norm_backward_kernel[(num_seeds * parts_per_seed,)](
        of_added_SND,
        of_normed_SND.contiguous(),
        added_SND,
        gain_SD,
        inverse_rms_SN,
        of_stream_SND,
        gain_gradients,
        rows_per_seed,
        gain_SD.stride(0),
        width,
        rows_per_part=rows_per_part,
        has_added_gradient=of_added_SND is not None,
        block=triton.next_power_of_2(width),
    )
    return of_stream_SND, gain_gradients.sum(dim=1)


def rotate(qkv_SNO: Tensor, *, rotary: tuple[Tensor, Tensor], num_values: int, direction: float, out: Tensor) -> Tensor:
    """Fill `out`, which may be the input, with rotated queries and keys, or rotate them back (direction -1)."""
    cosines_TK, sines_TK = rotary
    num_pairs = (qkv_SNO.shape[2] - num_values) // 2
    rotate_kernel[(qkv_SNO.shape[0] * qkv_SNO.shape[1],)](
        qkv_SNO,
        cosines_TK,
        sines_TK,
        out,
        cosines_TK.shape[0],
        num_pairs,
        num_values,
        cosines_TK.shape[1],
        direction,
        copy_values=out is not qkv_SNO,
        block=triton.next_power_of_2(max(num_pairs, num_values)),
        is_split=_is_split(out),
    )
    return out


def swiglu(gate_up_SNM: Tensor, *, out: Tensor) -> Tensor:
    """Fill `out` with silu(gate) * up."""
    num_values = gate_up_SNM.numel() // 2
    swiglu_kernel[(triton.cdiv(num_values, _VALUES_PER_PROGRAM),)](
        gate_up_SNM,
        out,
        gate_up_SNM.shape[2] // 2,
        num_values,
        block=_VALUES_PER_PROGRAM,
        is_split=_is_split(out),
    )
    return out


def swiglu_gradient(of_hidden_SNM: Tensor, gate_up_SNM: Tensor, *, out: Tensor) -> Tensor:
    """Fill `out` with what reaches gates and ups."""
    of_hidden_SNM = of_hidden_SNM.contiguous()
    swiglu_backward_kernel[(triton.cdiv(of_hidden_SNM.numel(), _VALUES_PER_PROGRAM),)](
        of_hidden_SNM,
        gate_up_SNM,
        out,
        of_hidden_SNM.shape[2],
        of_hidden_SNM.numel(),
        block=_VALUES_PER_PROGRAM,
        is_split=_is_split(out),
    )
    return out


def cross_entropy(logits_SNV: Tensor, targets_SN: Tensor) -> tuple[Tensor, Tensor]:
    """Each seed's mean loss, shape (S,), and the log of each row's sum of exponentials, shape (S, N)."""
    losses_SN, log_sums_SN = (logits_SNV.new_empty(targets_SN.shape) for _ in range(2))
    vocabulary = logits_SNV.shape[2]
    cross_entropy_kernel[(targets_SN.numel(),)](
        logits_SNV,
        targets_SN,
        losses_SN,
        log_sums_SN,
        vocabulary,
        block=triton.next_power_of_2(vocabulary),
        num_warps=_warps(vocabulary),
    )
    return losses_SN.mean(dim=1), log_sums_SN


def cross_entropy_gradient(
    of_losses_S: Tensor, *, logits_SNV: Tensor, targets_SN: Tensor, log_sums_SN: Tensor, out: Tensor
) -> Tensor:
    """Fill `out`, which may be the logits, with what reaches the logits."""
    vocabulary = logits_SNV.shape[2]
    cross_entropy_backward_kernel[(targets_SN.numel(),)](
        logits_SNV,
        targets_SN,
        log_sums_SN,
        of_losses_S.contiguous(),
        out,
        targets_SN.shape[1],
        vocabulary,
        block=triton.next_power_of_2(vocabulary),
        num_warps=_warps(vocabulary),
        is_split=_is_split(out),
    )
    return out


def split_into(planes: Tensor, values_SRC: Tensor, *, is_left: bool, are_planes_outside: bool) -> None:
    """Fill `planes`; see `workers.stack.split_linear.split`. The rows of one seed are dense."""
    _, num_rows, num_columns = values_SRC.shape
    # Values that lie together in a plane, and how many there are before the next plane begins.
    run = num_rows * num_columns if are_planes_outside else num_columns
    split_kernel[(triton.cdiv(values_SRC.numel(), _VALUES_PER_PROGRAM),)](
        values_SRC,
        planes,
        run,
        num_rows * num_columns,
        values_SRC.stride(0),
        values_SRC.numel(),
        is_left=is_left,
        block=_VALUES_PER_PROGRAM,
    )


def _is_split(out: Tensor) -> bool:
    return out.dtype is torch.bfloat16


def _warps(width: int) -> int:
    """Warps of a program over a row of this width: Triton's default, and more where a row would not fit registers."""
    return 4 if width <= _MOST_VALUES_OF_FOUR_WARPS else 32
