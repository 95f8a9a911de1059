"""The shape of the Llama that every run trains."""

from typing import Any, Self

from pydantic import Field, model_validator

from configs.frozen import FrozenConfig

__all__ = ["ModelConfig"]

_SIZES = ("vocab_size", "width", "num_layers", "num_heads", "mlp_width", "context_length")


class ModelConfig(FrozenConfig):
    """A decoder-only Llama: RMSNorm first, rotary positions, SwiGLU, no biases."""

    vocab_size: int = Field(ge=260, le=2**31 - 1, description="Tokenizer entries: 256 bytes and 4 specials at least.")
    width: int = Field(gt=0, description="Width of the residual stream.")
    num_layers: int = Field(gt=0, description="Decoder blocks.")
    num_heads: int = Field(gt=0, description="Attention heads; each has width / num_heads dimensions.")
    num_kv_heads: int | None = Field(
        default=None,
        gt=0,
        description="Heads of keys and values, each shared by equally many attention heads; null is one for each.",
    )
    mlp_width: int = Field(gt=0, description="Hidden width of the SwiGLU block.")
    context_length: int = Field(gt=1, description="Tokens in one window.")
    norm_epsilon: float = Field(default=1e-6, gt=0, description="Added to the mean square in RMSNorm.")
    rope_base: float = Field(default=10_000.0, gt=1, description="Base of the rotary frequencies.")
    initial_sd: float = Field(default=0.02, gt=0, description="Standard deviation of all initial matrices.")
    tied_head: bool = Field(
        default=True, strict=True, description="Whether the head is the embedding; false gives it its own matrix."
    )
    directory: str | None = Field(
        default=None,
        min_length=1,
        description="A Hugging Face directory of a Llama, with whose weights every run begins; its config.json gives "
        "the shape, so that it need not be given here.",
    )
    weights_sha256: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{64}$",
        description="Which weights `directory` holds; found out once for an experiment.",
    )
    end_id: int | None = Field(
        default=None, ge=0, description="The token after each story, where `directory` says which it is."
    )

    @model_validator(mode="before")
    @classmethod
    def _has_a_shape_or_a_directory(cls, values: Any) -> Any:  # Any: whatever stood in the YAML file
        is_open = isinstance(values, dict) and values.get("directory", "") is None
        if is_open and not any(name in values for name in _SIZES if name != "context_length"):
            raise ValueError(
                "directory is not set; give --set model.directory=DIR, a Hugging Face directory of a Llama with "
                "config.json, safetensors and tokenizer.json"
            )
        return values

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Self:
        if self.width % self.num_heads:
            raise ValueError(f"width={self.width} is not divisible by num_heads={self.num_heads}; choose a multiple")
        if self.head_width % 2:
            raise ValueError(
                f"width={self.width} over num_heads={self.num_heads} gives heads of {self.head_width} dimensions, "
                "and rotary positions need an even number; change width or num_heads"
            )
        if self.num_heads % self.num_key_value_heads:
            raise ValueError(
                f"num_heads={self.num_heads} is not divisible by num_kv_heads={self.num_kv_heads}; choose a divisor"
            )
        return self

    @model_validator(mode="after")
    def _directory_explains_what_is_known_of_it(self) -> Self:
        for name in ("weights_sha256", "end_id"):
            if self.directory is None and getattr(self, name) is not None:
                raise ValueError(f"{name} tells of a directory, but directory is null; set it, or leave {name} out")
        return self

    @property
    def head_width(self) -> int:
        """Dimensions of one attention head."""
        return self.width // self.num_heads

    @property
    def num_key_value_heads(self) -> int:
        """Heads of keys, and of values."""
        return self.num_heads if self.num_kv_heads is None else self.num_kv_heads

    @property
    def kv_width(self) -> int:
        """Dimensions of all keys, and of all values, of one token."""
        return self.num_key_value_heads * self.head_width

    @property
    def num_embedding_parameters(self) -> int:
        """Parameters of the embedding, and of the head where that is another matrix."""
        return self.vocab_size * self.width * (1 if self.tied_head else 2)

    @property
    def num_parameters(self) -> int:
        """All trained parameters; a tied matrix counts once."""
        return self.num_embedding_parameters + self.num_layers * (self._layer_weights + 2 * self.width) + self.width

    @property
    def training_flops_per_token(self) -> int:
        """Floating-point operations of forward and backward per token: 6 per matrix weight, plus attention.

        The embedding is only looked up; the head is a matrix, tied or not. The attention term is 12 x layers x width x
        context, the full (unmasked) score and value products, whoever shares keys.
        Source: Kaplan et al. 2020, arXiv:2001.08361, section 2.1; Chowdhery et al. 2022, arXiv:2204.02311, appendix B.
        """
        num_matrix_weights = self.vocab_size * self.width + self.num_layers * self._layer_weights
        return 6 * num_matrix_weights + 12 * self.num_layers * self.width * self.context_length

    @property
    def _layer_weights(self) -> int:
        """Entries of the matrices of one layer."""
        return 2 * self.width * (self.width + self.kv_width) + 3 * self.width * self.mlp_width
