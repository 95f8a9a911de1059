"""Start the Triton programs on tensors; a result that is given as `Split` is written in parts."""

from typing import NamedTuple, TypeVar

import torch
import triton
from torch import Tensor

from workers.stack.divisors import largest_divisor
from workers.stack.split_kernels import Split
from workers.stack.triton_kernels import (
    add_rms_norm_backward_kernel,
    add_rms_norm_kernel,
    cross_entropy_backward_kernel,
    cross_entropy_kernel,
    rotate_kernel,
    swiglu_backward_kernel,
    swiglu_kernel,
)

__all__ = [
    "add_rms_norm",
    "add_rms_norm_gradients",
    "cross_entropy",
    "cross_entropy_gradient",
    "rotate",
    "swiglu",
    "swiglu_gradient",
]

# Shapes: see workers/stack/passes.py and workers/stack/split_kernels.py.

_Out = TypeVar("_Out", Tensor, Split)

_MOST_ROWS_PER_PART = 16  # rows whose gain gradients one program adds up
_VALUES_PER_PROGRAM = 1_024
_MOST_VALUES_OF_FOUR_WARPS = 16_384  # 128 in each thread, of its 255 registers


def add_rms_norm(
    stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor, *, epsilon: float, out: Tensor | Split
) -> tuple[Tensor, Tensor]:
    """Fill `out` with normalized sums; the sums, and one over their rows' root mean squares, shape (S, N)."""
    num_seeds, rows_per_seed, width = stream_SND.shape
    added_SND = stream_SND if addition_SND is None else torch.empty_like(stream_SND)
    inverse_rms_SN = stream_SND.new_empty(num_seeds, rows_per_seed)
    place = _place(out)
    add_rms_norm_kernel[(num_seeds * rows_per_seed,)](
        stream_SND,
        addition_SND,
        gain_SD,
        added_SND,
        place.values,
        inverse_rms_SN,
        place.scales,
        rows_per_seed,
        gain_SD.stride(0),
        width,
        epsilon,
        place.plane,
        place.stride,
        has_addition=addition_SND is not None,
        is_split=place.is_split,
        block=triton.next_power_of_2(width),
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


def rotate(
    qkv_SNO: Tensor,
    *,
    rotary: tuple[Tensor, Tensor],
    num_values: int,
    direction: float,
    out: _Out,
    bound_S: Tensor | None = None,
) -> _Out:
    """Fill `out`, which may be the input, with rotated queries and keys, or rotate them back (direction -1).

    Args:
        qkv_SNO: Rows of queries, keys and values.
        rotary: Cosines and sines, shape (T, K).
        num_values: Which stay as they are.
        direction: 1 or -1.
        out: The result.
        bound_S: Of the input, for a result in parts.
    """
    cosines_TK, sines_TK = rotary
    num_pairs = (qkv_SNO.shape[2] - num_values) // 2
    place = _place(out)
    rotate_kernel[(qkv_SNO.shape[0] * qkv_SNO.shape[1],)](
        qkv_SNO,
        cosines_TK,
        sines_TK,
        bound_S,
        place.values,
        place.scales,
        qkv_SNO.shape[1],
        cosines_TK.shape[0],
        num_pairs,
        num_values,
        cosines_TK.shape[1],
        direction,
        place.plane,
        place.stride,
        copy_values=out is not qkv_SNO,
        is_split=place.is_split,
        block=triton.next_power_of_2(max(num_pairs, num_values)),
    )
    return out


def swiglu(gate_up_SNM: Tensor, *, out: _Out, bound_S: Tensor | None = None) -> _Out:
    """Fill `out` with silu(gate) * up; for a result in parts the bound of gates and ups is given."""
    num_seeds, rows_per_seed, both_widths = gate_up_SNM.shape
    place = _place(out)
    swiglu_kernel[_blocks(rows_per_seed * both_widths // 2, num_seeds=num_seeds)](
        gate_up_SNM,
        bound_S,
        place.values,
        place.scales,
        both_widths // 2,
        rows_per_seed,
        place.plane,
        place.stride,
        is_split=place.is_split,
        block=_VALUES_PER_PROGRAM,
    )
    return out


def swiglu_gradient(
    of_hidden_SNM: Tensor,
    gate_up_SNM: Tensor,
    *,
    out: _Out,
    of_hidden_bound_S: Tensor | None = None,
    bound_S: Tensor | None = None,
) -> _Out:
    """Fill `out` with what reaches gates and ups; for a result in parts the bounds of both arguments are given."""
    num_seeds, rows_per_seed, width = of_hidden_SNM.shape
    place = _place(out)
    swiglu_backward_kernel[_blocks(rows_per_seed * width, num_seeds=num_seeds)](
        of_hidden_SNM.contiguous(),
        gate_up_SNM,
        of_hidden_bound_S,
        bound_S,
        place.values,
        place.scales,
        width,
        rows_per_seed,
        place.plane,
        place.stride,
        is_split=place.is_split,
        block=_VALUES_PER_PROGRAM,
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
    of_losses_S: Tensor, *, logits_SNV: Tensor, targets_SN: Tensor, log_sums_SN: Tensor, out: _Out
) -> _Out:
    """Fill `out`, which may be the logits, with what reaches the logits."""
    vocabulary = logits_SNV.shape[2]
    place = _place(out)
    cross_entropy_backward_kernel[(targets_SN.numel(),)](
        logits_SNV,
        targets_SN,
        log_sums_SN,
        of_losses_S.contiguous(),
        place.values,
        place.scales,
        targets_SN.shape[1],
        vocabulary,
        place.plane,
        place.stride,
        is_split=place.is_split,
        block=triton.next_power_of_2(vocabulary),
        num_warps=_warps(vocabulary),
    )
    return out


class _Place(NamedTuple):
    """Where a program writes its result."""

    values: Tensor
    scales: Tensor | None
    plane: int
    stride: int
    is_split: bool


def _place(out: Tensor | Split) -> _Place:
    if isinstance(out, Split):
        return _Place(out.parts, out.scale, out.parts.stride(1), out.parts.stride(2), is_split=True)
    return _Place(out, None, 0, 0, is_split=False)


def _blocks(values_per_seed: int, *, num_seeds: int) -> tuple[int, int]:
    return triton.cdiv(values_per_seed, _VALUES_PER_PROGRAM), num_seeds


def _warps(width: int) -> int:
    """Warps of a program over a row of this width: Triton's default, and more where a row would not fit registers."""
    return 4 if width <= _MOST_VALUES_OF_FOUR_WARPS else 32
