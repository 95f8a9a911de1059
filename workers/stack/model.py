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
        head = "embedding.weight" if self._config.tied_head else "head.weight"
        logits_SNV = self._linear(self._hidden(tokens_SBT), head)
        return self._passes.mean_losses(logits_SNV, targets_SBT.flatten(1))

    def _hidden(self, tokens_SBT: Tensor) -> Tensor:
        _, num_windows, length = tokens_SBT.shape
        rotary = (self._rotary[0][:length], self._rotary[1][:length])
        stream_SND = self._passes.embed(tokens_SBT.flatten(1), self._weights["embedding.weight"])
        addition_SND = None
        for layer in range(self._config.num_layers):
            stream_SND, normed_SND = self._add_norm(stream_SND, addition_SND, f"layers.{layer}.attention_norm.gain")
            qkv_SND = self._linear(normed_SND, *(f"layers.{layer}.attention.{x}.weight" for x in _QKV))
            mixed_SND = self._passes.attention(
                qkv_SND,
                rotary,
                num_windows=num_windows,
                num_heads=self._config.num_heads,
                num_kv_heads=self._config.num_key_value_heads,
            )
            addition_SND = self._linear(mixed_SND, f"layers.{layer}.attention.output.weight")
            stream_SND, normed_SND = self._add_norm(stream_SND, addition_SND, f"layers.{layer}.mlp_norm.gain")
            gate_up_SNM = self._linear(normed_SND, *(f"layers.{layer}.mlp.{x}.weight" for x in _GATE_UP))
            addition_SND = self._linear(self._passes.swiglu(gate_up_SNM), f"layers.{layer}.mlp.down.weight")
        _, normed_SND = self._add_norm(stream_SND, addition_SND, "norm.gain")
        return normed_SND

    def _linear(self, input_SNI: Tensor, *names: str) -> Tensor:
        return stacked_linear(input_SNI, *(self._weights[name] for name in names), precision=self._precision)

    def _add_norm(self, stream_SND: Tensor, addition_SND: Tensor | None, name: str) -> tuple[Tensor, Tensor]:
        return self._passes.add_rms_norm(
            stream_SND, addition_SND, self._weights[name], epsilon=self._config.norm_epsilon
        )


_QKV = ("query", "key", "value")
_GATE_UP = ("gate", "up")
