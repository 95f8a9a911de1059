"""The same Llama as transformers builds it, to be timed beside ours."""

from typing import Any

from configs.model import ModelConfig

__all__ = ["transformers_llama"]


def transformers_llama(config: ModelConfig) -> Any:  # Any: transformers is untyped
    """A `LlamaForCausalLM` of the shape of `config`, with its own attention and random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=config.vocab_size,
            hidden_size=config.width,
            intermediate_size=config.mlp_width,
            num_hidden_layers=config.num_layers,
            num_attention_heads=config.num_heads,
            num_key_value_heads=config.num_key_value_heads,
            max_position_embeddings=config.context_length,
            tie_word_embeddings=config.tied_head,
            attn_implementation="sdpa",
        )
    )
