"""The shape of the Llama that every run trains."""

from typing import Self

from pydantic import Field, model_validator

from configs.frozen import FrozenConfig

__all__ = ["ModelConfig"]


class ModelConfig(FrozenConfig):
    """A decoder-only Llama: RMSNorm first, rotary positions, SwiGLU, no biases, head tied to the embedding."""

    vocab_size: int = Field(ge=260, le=2**31 - 1, description="Tokenizer entries: 256 bytes and 4 specials at least.")
    width: int = Field(gt=0, description="Width of the residual stream.")
    num_layers: int = Field(gt=0, description="Decoder blocks.")
    num_heads: int = Field(gt=0, description="Attention heads; each has width / num_heads dimensions.")
    mlp_width: int = Field(gt=0, description="Hidden width of the SwiGLU block.")
    context_length: int = Field(gt=1, description="Tokens in one window.")
    norm_epsilon: float = Field(default=1e-6, gt=0, description="Added to the mean square in RMSNorm.")
    rope_base: float = Field(default=10_000.0, gt=1, description="Base of the rotary frequencies.")
    initial_sd: float = Field(default=0.02, gt=0, description="Standard deviation of all initial matrices.")

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Self:
        if self.width % self.num_heads:
            raise ValueError(f"width={self.width} is not divisible by num_heads={self.num_heads}; choose a multiple")
        if self.head_width % 2:
            raise ValueError(
                f"width={self.width} over num_heads={self.num_heads} gives heads of {self.head_width} dimensions, "
                "and rotary positions need an even number; change width or num_heads"
            )
        return self

    @property
    def head_width(self) -> int:
        """Dimensions of one attention head."""
        return self.width // self.num_heads

    @property
    def num_embedding_parameters(self) -> int:
        """Parameters of the embedding, which is the head as well."""
        return self.vocab_size * self.width

    @property
    def num_parameters(self) -> int:
        """All trained parameters; the tied matrix counts once."""
        per_layer = 4 * self.width**2 + 3 * self.width * self.mlp_width + 2 * self.width
        return self.num_embedding_parameters + self.num_layers * per_layer + self.width

    @property
    def training_flops_per_token(self) -> int:
        """Floating-point operations of forward and backward per token: 6 per matrix weight, plus attention.

        The attention term is 12 x layers x width x context, the full (unmasked) score and value products.
        Source: Kaplan et al. 2020, arXiv:2001.08361, section 2.1; Chowdhery et al. 2022, arXiv:2204.02311, appendix B.
        """
        num_matrix_weights = self.num_embedding_parameters + self.num_layers * (
            4 * self.width**2 + 3 * self.width * self.mlp_width
        )
        return 6 * num_matrix_weights + 12 * self.num_layers * self.width * self.context_length
