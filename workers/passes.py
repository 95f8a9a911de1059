"""The passes of the model between its matrix products, as torch computes them anywhere."""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor
from torch.nn import functional

from configs.precision import Precision
from workers.linear import linear

__all__ = ["AbstractPasses", "TorchPasses", "causal_attention", "heads_of", "rotate", "shared_heads"]

# Shapes: N = B T rows, B windows, T tokens of a window, D width, H heads, G heads of keys and values, K dimensions of a
# head, M MLP width, V vocabulary.


class AbstractPasses(ABC):
    """What lies between two products of the model; every implementation computes the same up to rounding."""

    @abstractmethod
    def linear(self, input_NI: Tensor, *weights_OI: Tensor, precision: Precision) -> Tensor:
        """Rows times the transposes of one or more matrices; see `workers.linear.linear`."""

    @abstractmethod
    def add_rms_norm(
        self, stream_ND: Tensor, addition_ND: Tensor | None, gain_D: Tensor, *, epsilon: float
    ) -> tuple[Tensor, Tensor]:
        """The stream with the addition, and that sum normalized: gain * sum / sqrt(mean(sum squared) + epsilon)."""

    @abstractmethod
    def attention(
        self,
        qkv_ND: Tensor,
        rotary: tuple[Tensor, Tensor],
        *,
        num_windows: int,
        num_heads: int,
        num_kv_heads: int,
    ) -> Tensor:
        """Causal attention within each window, with rotary positions.

        Args:
            qkv_ND: Rows of H K queries, G K keys and G K values; each head of keys and values serves H / G neighbours.
            rotary: Cosines and sines, each of shape (T, K); see `workers.model.rotary_tables`.
            num_windows: Windows in the rows.
            num_heads: H, heads in the width.
            num_kv_heads: G, heads of keys and values.

        Returns:
            Mixed values, shape (N, D).
        """

    @abstractmethod
    def swiglu(self, gate_up_NM: Tensor) -> Tensor:
        """silu(gate) * up, shape (N, M), of rows of M gates and M ups."""

    @abstractmethod
    def mean_loss(
        self, hidden_ND: Tensor, weight_VD: Tensor, targets_N: Tensor, *, out_of: int, precision: Precision
    ) -> Tensor:
        """Cross entropies in nats of the targets under logits hidden @ weight transposed, summed and over `out_of`."""


@final
class TorchPasses(AbstractPasses):
    """Plain torch: any device, any type."""

    def linear(self, input_NI: Tensor, *weights_OI: Tensor, precision: Precision) -> Tensor:
        """See the base class."""
        return linear(input_NI, *weights_OI, precision=precision)

    def add_rms_norm(
        self, stream_ND: Tensor, addition_ND: Tensor | None, gain_D: Tensor, *, epsilon: float
    ) -> tuple[Tensor, Tensor]:
        """See the base class."""
        added_ND = stream_ND if addition_ND is None else stream_ND + addition_ND
        return added_ND, functional.rms_norm(added_ND, gain_D.shape, gain_D, epsilon)

    def attention(
        self,
        qkv_ND: Tensor,
        rotary: tuple[Tensor, Tensor],
        *,
        num_windows: int,
        num_heads: int,
        num_kv_heads: int,
    ) -> Tensor:
        """See the base class."""
        query_BHTK, key_BGTK, value_BGTK = heads_of(
            qkv_ND.unflatten(0, (num_windows, -1)), num_heads=num_heads, num_kv_heads=num_kv_heads
        )
        mixed_BHTK = causal_attention(rotate(query_BHTK, rotary), rotate(key_BGTK, rotary), value_BGTK)
        return mixed_BHTK.transpose(1, 2).flatten(2).flatten(0, 1)

    def swiglu(self, gate_up_NM: Tensor) -> Tensor:
        """See the base class."""
        gate_NM, up_NM = gate_up_NM.chunk(2, dim=1)
        return functional.silu(gate_NM) * up_NM

    def mean_loss(
        self, hidden_ND: Tensor, weight_VD: Tensor, targets_N: Tensor, *, out_of: int, precision: Precision
    ) -> Tensor:
        """See the base class."""
        logits_NV = linear(hidden_ND, weight_VD, precision=precision)
        return functional.cross_entropy(logits_NV, targets_N, reduction="sum") / out_of


def heads_of(qkv_BTD: Tensor, *, num_heads: int, num_kv_heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, shape (B, H, T, K), keys and values, each of shape (B, G, T, K), of rows that hold them side by side."""
    heads_BTHK = qkv_BTD.unflatten(2, (num_heads + 2 * num_kv_heads, -1))
    query_BTHK, key_BTGK, value_BTGK = heads_BTHK.split((num_heads, num_kv_heads, num_kv_heads), dim=2)
    return query_BTHK.transpose(1, 2), key_BTGK.transpose(1, 2), value_BTGK.transpose(1, 2)


def causal_attention(query_BHTK: Tensor, key_BGTK: Tensor, value_BGTK: Tensor) -> Tensor:
    """Mixed values, shape (B, H, T, K), through whichever kernel torch chooses."""
    num_heads = query_BHTK.shape[1]
    key_BHTK, value_BHTK = (shared_heads(part, num_heads=num_heads) for part in (key_BGTK, value_BGTK))
    return functional.scaled_dot_product_attention(query_BHTK, key_BHTK, value_BHTK, is_causal=True)


def shared_heads(input_BGTK: Tensor, *, num_heads: int) -> Tensor:
    """Keys or values as each of the heads that share them reads them: shape (B, H, T, K)."""
    num_sharing = num_heads // input_BGTK.shape[1]
    if num_sharing == 1:
        return input_BGTK
    return input_BGTK[:, :, None].expand(-1, -1, num_sharing, -1, -1).flatten(1, 2)


def rotate(input_BHTK: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate neighbouring pairs of dimensions (2i, 2i + 1) by their position's angle; shape (B, H, T, K) stays."""
    cosines_TK, sines_TK = rotary
    even, odd = input_BHTK.unflatten(-1, (-1, 2)).unbind(-1)
    quarter_turned_BHTK = torch.stack((-odd, even), dim=-1).flatten(-2)
    return input_BHTK * cosines_TK + quarter_turned_BHTK * sines_TK
