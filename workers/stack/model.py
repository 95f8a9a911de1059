"""The Llama of every seed of a stack, as one function of stacked weights."""

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor

from configs.model import ModelConfig
from workers.model import rotary_tables
from workers.stack.blocks import AbstractStackBlocks

__all__ = ["StackedLlama", "joined_shapes", "views_of"]

# Shapes: see workers/stack/passes.py.

# Neighbours in the order of parameters, whose rows are one product.
_JOINED = {"query": "qkv", "key": "qkv", "value": "qkv", "gate": "gate_up", "up": "gate_up"}


def joined_shapes(shapes: Mapping[str, torch.Size]) -> dict[str, torch.Size]:
    """The shapes of a model's parameters, in their order, with those as one that are multiplied at once."""
    joined: dict[str, torch.Size] = {}
    for name, shape in shapes.items():
        *path, owner, kind = name.split(".")
        name_of_all = ".".join((*path, _JOINED.get(owner, owner), kind))
        num_rows = joined[name_of_all][0] if name_of_all in joined else 0
        joined[name_of_all] = torch.Size((num_rows + shape[0], *shape[1:]))
    return joined


def views_of(flat_SP: Tensor, shapes: Mapping[str, torch.Size]) -> dict[str, Tensor]:
    """Each tensor that lies in the rows of `flat_SP`, one after another, with its axis of seeds."""
    parts = flat_SP.split([shape.numel() for shape in shapes.values()], dim=1)
    return {name: part.unflatten(1, shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


@final
class StackedLlama:
    """Weights under the names of `Llama.named_parameters`, some joined, each with a leading axis of seeds.

    Args:
        config: The shape that all seeds share.
        weights: As `joined_shapes` has them; read at every call, changed by whoever trains.
        blocks: What computes.
    """

    def __init__(
        self,
        config: ModelConfig,
        *,
        weights: Mapping[str, Tensor],
        blocks: AbstractStackBlocks,
    ) -> None:
        self._config = config
        self._weights = weights
        self._blocks = blocks
        device = next(iter(weights.values())).device
        cosines_TK, sines_TK = rotary_tables(config)
        self._rotary = (cosines_TK.to(device), sines_TK.to(device))

    def mean_losses(self, tokens_SBT: Tensor, targets_SBT: Tensor) -> Tensor:
        """Each seed's mean cross entropy in nats per token, shape (S,); both arguments of shape (S, B, T)."""
        _, num_windows, length = tokens_SBT.shape
        rotary = (self._rotary[0][:length], self._rotary[1][:length])
        stream_SND = self._blocks.embed(tokens_SBT.flatten(1), self._weights["embedding.weight"])
        addition_SND = None
        for layer in range(self._config.num_layers):
            stream_SND, addition_SND = self._blocks.attend(
                stream_SND,
                addition_SND,
                self._weights[f"layers.{layer}.attention_norm.gain"],
                qkv_SOD=self._weights[f"layers.{layer}.attention.qkv.weight"],
                output_SDD=self._weights[f"layers.{layer}.attention.output.weight"],
                rotary=rotary,
                num_windows=num_windows,
            )
            stream_SND, addition_SND = self._blocks.mlp(
                stream_SND,
                addition_SND,
                self._weights[f"layers.{layer}.mlp_norm.gain"],
                gate_up_SMD=self._weights[f"layers.{layer}.mlp.gate_up.weight"],
                down_SDM=self._weights[f"layers.{layer}.mlp.down.weight"],
            )
        return self._blocks.mean_losses(
            stream_SND,
            addition_SND,
            self._weights["norm.gain"],
            head_SVD=self._weights["embedding.weight" if self._config.tied_head else "head.weight"],
            targets_SN=targets_SBT.flatten(1),
        )
