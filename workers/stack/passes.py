"""What lies between two products of a stacked model, as torch computes it anywhere."""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor
from torch.nn import functional

from configs.precision import Precision
from workers.passes import heads_of, rotate, shared_heads
from workers.stack.linear import stacked_linear

__all__ = ["AbstractStackPasses", "TorchStackPasses"]

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
    def attention(
        self,
        qkv_SND: Tensor,
        rotary: tuple[Tensor, Tensor],
        *,
        num_windows: int,
        num_heads: int,
        num_kv_heads: int,
    ) -> Tensor:
        """Causal attention within each window, with rotary positions.

        qkv has rows of H K queries, G K keys and G K values, the result rows of D.
        """

    @abstractmethod
    def swiglu(self, gate_up_SNM: Tensor) -> Tensor:
        """silu(gate) * up, shape (S, N, M), of rows of M gates and M ups."""

    @abstractmethod
    def mean_losses(self, logits_SNV: Tensor, targets_SN: Tensor) -> Tensor:
        """Each seed's mean cross entropy in nats, shape (S,). The logits may be overwritten."""

    def mlp(
        self,
        stream_SND: Tensor,
        addition_SND: Tensor | None,
        gain_SD: Tensor,
        *,
        gate_SMD: Tensor,
        up_SMD: Tensor,
        down_SDM: Tensor,
        epsilon: float,
        precision: Precision,
    ) -> tuple[Tensor, Tensor]:
        """The stream with the addition, and what the SwiGLU block makes of that sum, normalized."""
        stream_SND, normed_SND = self.add_rms_norm(stream_SND, addition_SND, gain_SD, epsilon=epsilon)
        gate_up_SNM = stacked_linear(normed_SND, gate_SMD, up_SMD, precision=precision)
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

    def attention(
        self,
        qkv_SND: Tensor,
        rotary: tuple[Tensor, Tensor],
        *,
        num_windows: int,
        num_heads: int,
        num_kv_heads: int,
    ) -> Tensor:
        """See the base class."""
        qkv_WTD = qkv_SND.reshape(qkv_SND.shape[0] * num_windows, -1, qkv_SND.shape[2])
        query_WHTK, key_WGTK, value_WGTK = heads_of(qkv_WTD, num_heads=num_heads, num_kv_heads=num_kv_heads)
        mixed_WHTK = functional.scaled_dot_product_attention(
            rotate(query_WHTK, rotary),
            shared_heads(rotate(key_WGTK, rotary), num_heads=num_heads),
            shared_heads(value_WGTK, num_heads=num_heads),
            is_causal=True,
        )
        return mixed_WHTK.transpose(1, 2).reshape(*qkv_SND.shape[:2], -1)

    def swiglu(self, gate_up_SNM: Tensor) -> Tensor:
        """See the base class."""
        gate_SNM, up_SNM = gate_up_SNM.chunk(2, dim=2)
        return functional.silu(gate_SNM) * up_SNM

    def mean_losses(self, logits_SNV: Tensor, targets_SN: Tensor) -> Tensor:
        """See the base class."""
        losses_SN = functional.cross_entropy(logits_SNV.transpose(1, 2), targets_SN, reduction="none")
        return losses_SN.mean(dim=1)
