"""The blocks of a stacked model: a norm, products, and what lies between them."""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor

from configs.model import ModelConfig
from configs.precision import Precision
from workers.stack.linear import stacked_linear
from workers.stack.passes import AbstractStackPasses

__all__ = ["AbstractStackBlocks", "PlainBlocks"]

# Shapes: see workers/stack/passes.py.


class AbstractStackBlocks(ABC):
    """Each block takes the stream, what the block before adds to it, and the gain of the norm of their sum.

    Args:
        config: The shape that all seeds share.
        passes: What computes between the products.
    """

    def __init__(self, config: ModelConfig, *, passes: AbstractStackPasses) -> None:
        self._config = config
        self._passes = passes

    def embed(self, tokens_SN: Tensor, weight_SVD: Tensor) -> Tensor:
        """Rows of each seed's own embedding, shape (S, N, D)."""
        return self._passes.embed(tokens_SN, weight_SVD)

    def attend(
        self,
        stream_SND: Tensor,
        addition_SND: Tensor | None,
        gain_SD: Tensor,
        *,
        qkv_SOD: Tensor,
        output_SDD: Tensor,
        rotary: tuple[Tensor, Tensor],
        num_windows: int,
    ) -> tuple[Tensor, Tensor]:
        """The sum, and what attention adds to it."""
        added_SND, rotated_SNO = self._rotated_qkv(stream_SND, addition_SND, gain_SD, weight_SOD=qkv_SOD, rotary=rotary)
        mixed_SND = self._passes.mix(
            rotated_SNO,
            num_windows=num_windows,
            num_heads=self._config.num_heads,
            num_kv_heads=self._config.num_key_value_heads,
        )
        return added_SND, self._linear(mixed_SND, output_SDD)

    @abstractmethod
    def mlp(
        self,
        stream_SND: Tensor,
        addition_SND: Tensor | None,
        gain_SD: Tensor,
        *,
        gate_up_SMD: Tensor,
        down_SDM: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """The sum, and what SwiGLU adds to it."""

    @abstractmethod
    def mean_losses(
        self,
        stream_SND: Tensor,
        addition_SND: Tensor | None,
        gain_SD: Tensor,
        *,
        head_SVD: Tensor,
        targets_SN: Tensor,
    ) -> Tensor:
        """Each seed's mean cross entropy in nats, shape (S,)."""

    @abstractmethod
    def _rotated_qkv(
        self,
        stream_SND: Tensor,
        addition_SND: Tensor | None,
        gain_SD: Tensor,
        *,
        weight_SOD: Tensor,
        rotary: tuple[Tensor, Tensor],
    ) -> tuple[Tensor, Tensor]:
        """The sum, and rows of rotated queries, rotated keys, and values."""

    @abstractmethod
    def _linear(self, input_SNI: Tensor, weight_SOI: Tensor) -> Tensor:
        """Each seed's rows times the transpose of its own matrix: shape (S, N, O), in fp32."""


@final
class PlainBlocks(AbstractStackBlocks):
    """One product after another, with the passes in between.

    Args:
        config: See the base class.
        passes: See the base class.
        precision: Of the products.
    """

    def __init__(self, config: ModelConfig, *, passes: AbstractStackPasses, precision: Precision) -> None:
        super().__init__(config, passes=passes)
        self._precision = precision

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
        added_SND, normed_SND = self._add_rms_norm(stream_SND, addition_SND, gain_SD)
        hidden_SNM = self._passes.swiglu(self._linear(normed_SND, gate_up_SMD))
        return added_SND, self._linear(hidden_SNM, down_SDM)

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
        _, normed_SND = self._add_rms_norm(stream_SND, addition_SND, gain_SD)
        return self._passes.mean_losses(self._linear(normed_SND, head_SVD), targets_SN)

    def _rotated_qkv(
        self,
        stream_SND: Tensor,
        addition_SND: Tensor | None,
        gain_SD: Tensor,
        *,
        weight_SOD: Tensor,
        rotary: tuple[Tensor, Tensor],
    ) -> tuple[Tensor, Tensor]:
        added_SND, normed_SND = self._add_rms_norm(stream_SND, addition_SND, gain_SD)
        qkv_SNO = self._linear(normed_SND, weight_SOD)
        return added_SND, self._passes.rotate(qkv_SNO, rotary, num_values=self._config.kv_width)

    def _linear(self, input_SNI: Tensor, weight_SOI: Tensor) -> Tensor:
        return stacked_linear(input_SNI, weight_SOI, precision=self._precision)

    def _add_rms_norm(self, stream_SND: Tensor, addition_SND: Tensor | None, gain_SD: Tensor) -> tuple[Tensor, Tensor]:
        return self._passes.add_rms_norm(stream_SND, addition_SND, gain_SD, epsilon=self._config.norm_epsilon)
