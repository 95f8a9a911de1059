"""What lies between two products of a stacked model, as torch computes it anywhere."""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor
from torch.nn import functional

from configs.precision import Precision
from workers.passes import heads_of, rotate, shared_heads
from workers.stack.linear import stacked_linear

__all__ = ["AbstractStackPasses", "TorchStackPasses", "turned"]

# Shapes: S seeds, N = B T rows of one seed, B windows, T tokens of a window, D width, H heads, G heads of keys and
# values, K dimensions of a head, M MLP width, V vocabulary, W = S B windows of all seeds. Rows of queries, keys and
# values, written SND, are wider than D.


class AbstractStackPasses(ABC):
    """The passes of `workers.passes`, for all seeds at once; seeds never mix."""

    @abstractmethod
    def embed(self, tokens_SN: Tensor, weight_SVD: Tensor) -> Tensor:
        """Rows of each seed's own embedding, shape (S, N, D)."""

    @abstractmethod
    def add_rms_norm(
        self, stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor, *, epsilon: float
    ) -> tuple[Tensor, Tensor]:
        """The stream with the addition, and that sum normalized with each seed's own gain."""

    @abstractmethod
    def turn(self, qkv_SND: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
        """Queries and keys turned by their rotary angles; of each row the last `num_values` stay. May overwrite."""

    @abstractmethod
    def mix(self, turned_SND: Tensor, *, num_windows: int, num_heads: int, num_kv_heads: int) -> Tensor:
        """Causal attention within each window, of rows of H K turned queries, G K turned keys and G K values."""

    @abstractmethod
    def swiglu(self, gate_up_SNM: Tensor) -> Tensor:
        """silu(gate) * up, shape (S, N, M), of rows of M gates and M ups."""

    @abstractmethod
    def mean_losses(self, logits_SNV: Tensor, targets_SN: Tensor) -> Tensor:
        """Each seed's mean cross entropy in nats, shape (S,). The logits may be overwritten."""

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
        """The stream with the addition, and what its heads read in that sum, normalized: shape (S, N, H K)."""
        stream_SND, normed_SND = self.add_rms_norm(stream_SND, addition_SND, gain_SD, epsilon=epsilon)
        qkv_SND = stacked_linear(normed_SND, qkv_weight_SOD, precision=precision)
        num_values = num_kv_heads * rotary[0].shape[1]
        turned_SND = self.turn(qkv_SND, rotary, num_values=num_values)
        return stream_SND, self.mix(turned_SND, num_windows=num_windows, num_heads=num_heads, num_kv_heads=num_kv_heads)

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
        """The stream with the addition, and what the SwiGLU block makes of that sum, normalized."""
        stream_SND, normed_SND = self.add_rms_norm(stream_SND, addition_SND, gain_SD, epsilon=epsilon)
        gate_up_SNM = stacked_linear(normed_SND, gate_up_SMD, precision=precision)
        return stream_SND, stacked_linear(self.swiglu(gate_up_SNM), down_SDM, precision=precision)

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
        """Each seed's mean cross entropy in nats, shape (S,), under what the head makes of the sum, normalized."""
        _, normed_SND = self.add_rms_norm(stream_SND, addition_SND, gain_SD, epsilon=epsilon)
        return self.mean_losses(stacked_linear(normed_SND, head_SVD, precision=precision), targets_SN)


@final
class TorchStackPasses(AbstractStackPasses):
    """Plain torch: any device."""

    def embed(self, tokens_SN: Tensor, weight_SVD: Tensor) -> Tensor:
        """See the base class."""
        return weight_SVD.take_along_dim(tokens_SN[:, :, None], dim=1)

    def add_rms_norm(
        self, stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor, *, epsilon: float
    ) -> tuple[Tensor, Tensor]:
        """See the base class."""
        added_SND = stream_SND if addition_SND is None else stream_SND + addition_SND
        return added_SND, functional.rms_norm(added_SND, gain_SD.shape[1:], eps=epsilon) * gain_SD[:, None]

    def turn(self, qkv_SND: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
        """See the base class."""
        return turned(qkv_SND, rotary, num_values=num_values)

    def mix(self, turned_SND: Tensor, *, num_windows: int, num_heads: int, num_kv_heads: int) -> Tensor:
        """See the base class."""
        turned_WTD = turned_SND.reshape(turned_SND.shape[0] * num_windows, -1, turned_SND.shape[2])
        query_WHTK, key_WGTK, value_WGTK = heads_of(turned_WTD, num_heads=num_heads, num_kv_heads=num_kv_heads)
        key_WHTK, value_WHTK = (shared_heads(part, num_heads=num_heads) for part in (key_WGTK, value_WGTK))
        mixed_WHTK = functional.scaled_dot_product_attention(query_WHTK, key_WHTK, value_WHTK, is_causal=True)
        return mixed_WHTK.transpose(1, 2).reshape(*turned_SND.shape[:2], -1)

    def swiglu(self, gate_up_SNM: Tensor) -> Tensor:
        """See the base class."""
        gate_SNM, up_SNM = gate_up_SNM.chunk(2, dim=2)
        return functional.silu(gate_SNM) * up_SNM

    def mean_losses(self, logits_SNV: Tensor, targets_SN: Tensor) -> Tensor:
        """See the base class."""
        losses_SN = functional.cross_entropy(logits_SNV.transpose(1, 2), targets_SN, reduction="none")
        return losses_SN.mean(dim=1)


def turned(qkv_SND: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
    """Queries and keys turned by their rotary angles, which begin anew with each window; the values as they were."""
    length, head_width = rotary[0].shape
    turning_SND, values_SND = qkv_SND.split((qkv_SND.shape[2] - num_values, num_values), dim=2)
    turning_SBTHK = turning_SND.unflatten(2, (-1, head_width)).unflatten(1, (-1, length))
    turned_SBTHK = rotate(turning_SBTHK.transpose(2, 3), rotary).transpose(2, 3)
    return torch.cat([turned_SBTHK.flatten(3).flatten(1, 2), values_SND], dim=2)
