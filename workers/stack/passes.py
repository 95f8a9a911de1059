"""What lies between two products of a stacked model, as torch computes it anywhere."""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor
from torch.nn import functional

from workers.passes import causal_attention, heads_of, rotate

__all__ = ["AbstractStackPasses", "TorchStackPasses", "rotated"]

# Shapes: S seeds, N = B T rows of one seed, B windows, T tokens of a window, D width, H heads, G heads of keys and
# values, K dimensions of a head, M MLP width, V vocabulary, W = S B windows of all seeds, O = (H + 2 G) K queries, keys
# and values of a row.


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
    def rotate(self, qkv_SNO: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
        """Queries and keys rotated by their angles; of each row the last `num_values` stay. May overwrite."""

    def mix(self, rotated_SNO: Tensor, *, num_windows: int, num_heads: int, num_kv_heads: int) -> Tensor:
        """Causal attention within each window, of rows of H K rotated queries, G K rotated keys and G K values."""
        rotated_WTO = rotated_SNO.reshape(rotated_SNO.shape[0] * num_windows, -1, rotated_SNO.shape[2])
        mixed_WHTK = self.attend(*heads_of(rotated_WTO, num_heads=num_heads, num_kv_heads=num_kv_heads))
        return mixed_WHTK.transpose(1, 2).reshape(*rotated_SNO.shape[:2], -1)

    def attend(self, query_WHTK: Tensor, key_WGTK: Tensor, value_WGTK: Tensor) -> Tensor:
        """Mixed values in fp32, shape (W, H, T, K)."""
        return causal_attention(query_WHTK, key_WGTK, value_WGTK)

    @abstractmethod
    def swiglu(self, gate_up_SNM: Tensor) -> Tensor:
        """silu(gate) * up, shape (S, N, M), of rows of M gates and M ups."""

    @abstractmethod
    def mean_losses(self, logits_SNV: Tensor, targets_SN: Tensor) -> Tensor:
        """Each seed's mean cross entropy in nats, shape (S,). The logits may be overwritten."""


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

    def rotate(self, qkv_SNO: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
        """See the base class."""
        return rotated(qkv_SNO, rotary, num_values=num_values)

    def swiglu(self, gate_up_SNM: Tensor) -> Tensor:
        """See the base class."""
        gate_SNM, up_SNM = gate_up_SNM.chunk(2, dim=2)
        return functional.silu(gate_SNM) * up_SNM

    def mean_losses(self, logits_SNV: Tensor, targets_SN: Tensor) -> Tensor:
        """See the base class."""
        losses_SN = functional.cross_entropy(logits_SNV.transpose(1, 2), targets_SN, reduction="none")
        return losses_SN.mean(dim=1)


def rotated(qkv_SNO: Tensor, rotary: tuple[Tensor, Tensor], *, num_values: int) -> Tensor:
    """Queries and keys rotated by their angles, which begin anew with each window; the values as they were."""
    length, head_width = rotary[0].shape
    turning_SNO, values_SNO = qkv_SNO.split((qkv_SNO.shape[2] - num_values, num_values), dim=2)
    turning_SBTHK = turning_SNO.unflatten(2, (-1, head_width)).unflatten(1, (-1, length))
    rotated_SBTHK = rotate(turning_SBTHK.transpose(2, 3), rotary).transpose(2, 3)
    return torch.cat([rotated_SBTHK.flatten(3).flatten(1, 2), values_SNO], dim=2)
