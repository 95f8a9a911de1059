"""The Llama of every seed of a stack, as one function of stacked weights."""

from collections.abc import Mapping
from typing import final

from torch import Tensor

from configs.model import ModelConfig
from configs.precision import Precision
from workers.model import rotary_tables
from workers.stack.linear import stacked_linear
from workers.stack.passes import AbstractStackPasses

__all__ = ["StackedLlama"]

# Shapes: see workers/stack/passes.py.


@final
class StackedLlama:
    """Weights under the names of `Llama.named_parameters`, each with a leading axis of seeds.

    Args:
        config: The shape that all seeds share.
        weights: Stacked weights; read at every call, changed by whoever trains.
        passes: What computes between the products.
        precision: Of the products.
    """

    def __init__(
        self,
        config: ModelConfig,
        *,
        weights: Mapping[str, Tensor],
        passes: AbstractStackPasses,
        precision: Precision,
    ) -> None:
        self._config = config
        self._weights = weights
        self._passes = passes
        self._precision = precision
        device = next(iter(weights.values())).device
        cosines_TK, sines_TK = rotary_tables(config)
        self._rotary = (cosines_TK.to(device), sines_TK.to(device))

    def mean_losses(self, tokens_SBT: Tensor, targets_SBT: Tensor) -> Tensor:
        """Each seed's mean cross entropy in nats per token, shape (S,); both arguments of shape (S, B, T)."""
        _, num_windows, length = tokens_SBT.shape
        rotary = (self._rotary[0][:length], self._rotary[1][:length])
        stream_SND = self._passes.embed(tokens_SBT.flatten(1), self._weights["embedding.weight"])
        addition_SND = None
        for layer in range(self._config.num_layers):
            stream_SND, normed_SND = self._passes.add_rms_norm(
                stream_SND,
                addition_SND,
                self._weights[f"layers.{layer}.attention_norm.gain"],
                epsilon=self._config.norm_epsilon,
            )
            qkv_SND = self._linear(normed_SND, *(f"layers.{layer}.attention.{x}.weight" for x in _QKV))
            mixed_SND = self._passes.attention(
                qkv_SND,
                rotary,
                num_windows=num_windows,
                num_heads=self._config.num_heads,
                num_kv_heads=self._config.num_key_value_heads,
            )
            addition_SND = self._linear(mixed_SND, f"layers.{layer}.attention.output.weight")
            stream_SND, addition_SND = self._passes.mlp(
                stream_SND,
                addition_SND,
                self._weights[f"layers.{layer}.mlp_norm.gain"],
                gate_SMD=self._weights[f"layers.{layer}.mlp.gate.weight"],
                up_SMD=self._weights[f"layers.{layer}.mlp.up.weight"],
                down_SDM=self._weights[f"layers.{layer}.mlp.down.weight"],
                epsilon=self._config.norm_epsilon,
                precision=self._precision,
            )
        return self._passes.losses_under_head(
            stream_SND,
            addition_SND,
            self._weights["norm.gain"],
            head_SVD=self._weights["embedding.weight" if self._config.tied_head else "head.weight"],
            targets_SN=targets_SBT.flatten(1),
            epsilon=self._config.norm_epsilon,
            precision=self._precision,
        )

    def _linear(self, input_SNI: Tensor, *names: str) -> Tensor:
        return stacked_linear(input_SNI, *(self._weights[name] for name in names), precision=self._precision)


_QKV = ("query", "key", "value")
