"""Weights and config under the names and in the layout that transformers' LlamaForCausalLM reads.

Our rotary embedding turns neighbouring dimensions (2i, 2i + 1); transformers turns dimension i with i + K/2. Queries
and keys are therefore written with the rows of each head reordered, which changes no score.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from configs.model import ModelConfig

__all__ = ["from_llama_names", "llama_config", "llama_names", "to_llama_names"]

_LAYER_NAMES = {
    "attention_norm.gain": "input_layernorm.weight",
    "attention.query.weight": "self_attn.q_proj.weight",
    "attention.key.weight": "self_attn.k_proj.weight",
    "attention.value.weight": "self_attn.v_proj.weight",
    "attention.output.weight": "self_attn.o_proj.weight",
    "mlp_norm.gain": "post_attention_layernorm.weight",
    "mlp.gate.weight": "mlp.gate_proj.weight",
    "mlp.up.weight": "mlp.up_proj.weight",
    "mlp.down.weight": "mlp.down_proj.weight",
}
_ROTATED = ("attention.query.weight", "attention.key.weight")


def to_llama_names(weights: Mapping[str, Tensor], *, config: ModelConfig) -> dict[str, Tensor]:
    """Our parameters as transformers names and orders them.

    Args:
        weights: Parameters under the names of our `Llama.named_parameters`.
        config: The model's shape.
    """
    return {
        theirs: _reordered(weights[ours], ours=ours, config=config).detach().contiguous()
        for ours, theirs in llama_names(config).items()
    }


def from_llama_names(weights: Mapping[str, Tensor], *, config: ModelConfig) -> dict[str, Tensor]:
    """The inverse of `to_llama_names`, bit for bit.

    Raises:
        KeyError: If a parameter is missing.
    """
    return {
        ours: _reordered(weights[theirs], ours=ours, config=config, is_back=True)
        for ours, theirs in llama_names(config).items()
    }


def llama_config(config: ModelConfig) -> dict[str, Any]:
    """The content of config.json for transformers."""
    # The ids of our own tokenizer; one of a directory says how stories end, and needs no beginning or filling.
    begin_id, end_id, filling_id = (2, 3, 0) if config.end_id is None else (None, config.end_id, None)
    return {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": begin_id,
        "dtype": "float32",
        "eos_token_id": end_id,
        "head_dim": config.head_width,
        "hidden_act": "silu",
        "hidden_size": config.width,
        "initializer_range": config.initial_sd,
        "intermediate_size": config.mlp_width,
        "max_position_embeddings": config.context_length,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": config.num_heads,
        "num_hidden_layers": config.num_layers,
        "num_key_value_heads": config.num_key_value_heads,
        "pad_token_id": filling_id,
        "rms_norm_eps": config.norm_epsilon,
        "rope_theta": config.rope_base,
        "tie_word_embeddings": config.tied_head,
        "torch_dtype": "float32",
        "use_cache": True,
        "vocab_size": config.vocab_size,
    }


def llama_names(config: ModelConfig) -> dict[str, str]:
    """Our names of all parameters, and those of transformers."""
    names = {"embedding.weight": "model.embed_tokens.weight"}
    for layer in range(config.num_layers):
        for ours, theirs in _LAYER_NAMES.items():
            names[f"layers.{layer}.{ours}"] = f"model.layers.{layer}.{theirs}"
    head = {} if config.tied_head else {"head.weight": "lm_head.weight"}
    return names | {"norm.gain": "model.norm.weight"} | head


def _reordered(weight: Tensor, *, ours: str, config: ModelConfig, is_back: bool = False) -> Tensor:
    """The rows of queries and keys in the order of transformers, or back in ours; any other parameter as it is."""
    if not ours.endswith(_ROTATED):
        return weight
    order = _halves_from_pairs(num_rows=len(weight), head_width=config.head_width)
    return weight[torch.argsort(order) if is_back else order]


def _halves_from_pairs(*, num_rows: int, head_width: int) -> Tensor:
    """Row order, shape (num_rows,), that puts the even dimensions of each head before its odd ones."""
    rows = torch.arange(num_rows).reshape(num_rows // head_width, -1, 2)
    return rows.transpose(1, 2).flatten()
