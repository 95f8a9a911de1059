"""The passes of a stacked model on a GPU, through Triton, with their gradients."""

from typing import Any, final

import torch
import triton
from torch import Tensor
from torch.nn import functional

from configs.precision import Precision
from workers.passes import heads_of, shared_heads
from workers.stack.long_attention import LONG_CONTEXT, long_attention
from workers.stack.passes import AbstractStackPasses
from workers.stack.triton_kernels import (
    add_rms_norm_backward_kernel,
    add_rms_norm_kernel,
    cross_entropy_backward_kernel,
    cross_entropy_kernel,
    embed_backward_kernel,
    embed_kernel,
    rotate_kernel,
    swiglu_backward_kernel,
    swiglu_kernel,
)

__all__ = ["TritonStackPasses", "rms_norm_gradients", "rotate"]

# Shapes: see workers/stack/passes.py. Any: autograd's context is untyped.

_MOST_ROWS_PER_PART = 16  # rows whose gain gradients one program adds up
_VALUES_PER_PROGRAM = 1_024
_MOST_VALUES_OF_FOUR_WARPS = 16_384  # 128 in each thread, of its 255 registers


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

    def turn(self, qkv_SND: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
        """See the base class."""
        turned_SND: Tensor = _Rotate.apply(rotary, num_values, qkv_SND)  # type: ignore[no-untyped-call]
        return turned_SND

    def mix(self, turned_SND: Tensor, *, num_windows: int, num_heads: int, num_kv_heads: int) -> Tensor:
        """See the base class."""
        turned_WTD = turned_SND.view(turned_SND.shape[0] * num_windows, -1, turned_SND.shape[2])
        query_WHTK, key_WGTK, value_WGTK = heads_of(turned_WTD, num_heads=num_heads, num_kv_heads=num_kv_heads)
        if turned_WTD.shape[1] >= LONG_CONTEXT:
            mixed_WHTK = long_attention(query_WHTK, key_WGTK, value_WGTK, precision=self._precision)
        else:
            key_WHTK, value_WHTK = (shared_heads(part, num_heads=num_heads) for part in (key_WGTK, value_WGTK))
            mixed_WHTK = functional.scaled_dot_product_attention(query_WHTK, key_WHTK, value_WHTK, is_causal=True)
        return mixed_WHTK.transpose(1, 2).reshape(*turned_SND.shape[:2], -1)

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
        num_rows, width = stream_SND.shape[0] * stream_SND.shape[1], stream_SND.shape[2]
        added_SND = stream_SND if addition_SND is None else torch.empty_like(stream_SND)
        normed_SND = torch.empty_like(stream_SND)
        inverse_rms = stream_SND.new_empty(num_rows)
        add_rms_norm_kernel[(num_rows,)](
            stream_SND,
            addition_SND,
            gain_SD,
            added_SND,
            normed_SND,
            inverse_rms,
            stream_SND.shape[1],
            gain_SD.stride(0),
            width,
            epsilon,
            has_addition=addition_SND is not None,
            block=triton.next_power_of_2(width),
        )
        ctx.has_addition = addition_SND is not None
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(added_SND, gain_SD, inverse_rms)
        return (added_SND.view_as(added_SND) if addition_SND is None else added_SND), normed_SND

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        of_stream_SND, of_gain_SD = rms_norm_gradients(*gradients, *ctx.saved_tensors)
        return None, of_stream_SND, of_stream_SND if ctx.has_addition else None, of_gain_SD


def rms_norm_gradients(
    of_added_SND: Tensor | None, of_normed_SND: Tensor, added_SND: Tensor, gain_SD: Tensor, inverse_rms: Tensor
) -> tuple[Tensor, Tensor]:
    """What reaches the sum, which is also what reaches both of its parts, and the gain."""
    num_seeds, rows_per_seed, width = added_SND.shape
    rows_per_part = _largest_divisor(rows_per_seed, at_most=_MOST_ROWS_PER_PART)
    parts_per_seed = rows_per_seed // rows_per_part
    of_stream_SND = torch.empty_like(added_SND)
    gain_gradients = added_SND.new_empty(num_seeds, parts_per_seed, width)
    add_rms_norm_backward_kernel[(num_seeds * parts_per_seed,)](
        of_added_SND,
        of_normed_SND.contiguous(),
        added_SND,
        gain_SD,
        inverse_rms,
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


class _Rotate(torch.autograd.Function):
    """Turns queries and keys where they are: nobody needs them as they were."""

    @staticmethod
    def forward(ctx: Any, rotary: tuple[Tensor, Tensor], num_values: int, qkv_SND: Tensor) -> Tensor:
        ctx.rotary = rotary
        ctx.num_values = num_values
        ctx.mark_dirty(qkv_SND)
        rotate(qkv_SND, qkv_SND, rotary=rotary, num_values=num_values, direction=1.0)
        return qkv_SND

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gradient_SND = gradients[0].contiguous()
        turned_SND = torch.empty_like(gradient_SND)
        rotate(gradient_SND, turned_SND, rotary=ctx.rotary, num_values=ctx.num_values, direction=-1.0)
        return None, None, turned_SND


def rotate(
    qkv_SND: Tensor,
    out: Tensor,
    *,
    rotary: tuple[Tensor, Tensor],
    num_values: int,
    direction: float,
    is_split: bool = False,
) -> None:
    """Turn queries and keys, or turn them back (direction -1); `out` may be the input, or planes for the right."""
    cosines_TK, sines_TK = rotary
    num_pairs = (qkv_SND.shape[2] - num_values) // 2
    rotate_kernel[(qkv_SND.shape[0] * qkv_SND.shape[1],)](
        qkv_SND,
        cosines_TK,
        sines_TK,
        out,
        cosines_TK.shape[0],
        num_pairs,
        num_values,
        cosines_TK.shape[1],
        direction,
        copy_values=out is not qkv_SND,
        block=triton.next_power_of_2(max(num_pairs, num_values)),
        is_split=is_split,
    )


class _SwiGlu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gate_up_SNM: Tensor) -> Tensor:
        ctx.save_for_backward(gate_up_SNM)
        mlp_width = gate_up_SNM.shape[2] // 2
        hidden_SNM = gate_up_SNM.new_empty(*gate_up_SNM.shape[:2], mlp_width)
        grid = (triton.cdiv(hidden_SNM.numel(), _VALUES_PER_PROGRAM),)
        swiglu_kernel[grid](gate_up_SNM, hidden_SNM, mlp_width, hidden_SNM.numel(), block=_VALUES_PER_PROGRAM)
        return hidden_SNM

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gate_up_SNM,) = ctx.saved_tensors
        of_hidden_SNM = gradients[0].contiguous()
        of_gate_up_SNM = torch.empty_like(gate_up_SNM)
        grid = (triton.cdiv(of_hidden_SNM.numel(), _VALUES_PER_PROGRAM),)
        swiglu_backward_kernel[grid](
            of_hidden_SNM,
            gate_up_SNM,
            of_gate_up_SNM,
            of_hidden_SNM.shape[2],
            of_hidden_SNM.numel(),
            block=_VALUES_PER_PROGRAM,
        )
        return (of_gate_up_SNM,)


class _MeanLosses(torch.autograd.Function):
    """The gradient takes the place of the logits, which nobody needs after it."""

    @staticmethod
    def forward(ctx: Any, targets_SN: Tensor, logits_SNV: Tensor) -> Tensor:
        num_seeds, rows_per_seed, vocabulary = logits_SNV.shape
        targets_SN = targets_SN.contiguous()
        losses_SN, log_sums_SN = (logits_SNV.new_empty(num_seeds, rows_per_seed) for _ in range(2))
        cross_entropy_kernel[(num_seeds * rows_per_seed,)](
            logits_SNV,
            targets_SN,
            losses_SN,
            log_sums_SN,
            vocabulary,
            block=triton.next_power_of_2(vocabulary),
            num_warps=_warps(vocabulary),
        )
        ctx.save_for_backward(targets_SN, logits_SNV, log_sums_SN)
        return losses_SN.mean(dim=1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        targets_SN, logits_SNV, log_sums_SN = ctx.saved_tensors
        num_seeds, rows_per_seed, vocabulary = logits_SNV.shape
        cross_entropy_backward_kernel[(num_seeds * rows_per_seed,)](
            logits_SNV,
            targets_SN,
            log_sums_SN,
            gradients[0].contiguous(),
            logits_SNV,
            rows_per_seed,
            vocabulary,
            block=triton.next_power_of_2(vocabulary),
            num_warps=_warps(vocabulary),
        )
        return None, logits_SNV


def _warps(width: int) -> int:
    """Warps of a program over a row of this width: Triton's default, and more where a row would not fit registers."""
    return 4 if width <= _MOST_VALUES_OF_FOUR_WARPS else 32


def _largest_divisor(number: int, *, at_most: int) -> int:
    return next(divisor for divisor in range(min(number, at_most), 0, -1) if number % divisor == 0)
