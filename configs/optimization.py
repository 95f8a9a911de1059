"""How weights are updated: AdamW, warm-up and cosine, both counted in tokens."""

import math
from typing import Annotated, Self

from pydantic import Field, model_validator

from configs.frozen import FrozenConfig

__all__ = ["OptimizationConfig"]

Beta = Annotated[float, Field(ge=0, lt=1)]


class OptimizationConfig(FrozenConfig):
    """AdamW with a linear warm-up and a cosine decay whose clock is the number of tokens seen."""

    learning_rate: float = Field(gt=0, description="Peak rate, reached after warm-up.")
    final_learning_rate: float = Field(ge=0, description="Rate from `decay_tokens` on.")
    warmup_tokens: int = Field(ge=0, description="Tokens of linear warm-up.")
    decay_tokens: int = Field(gt=0, description="Tokens at which the cosine ends, whatever the budget is.")
    betas: tuple[Beta, Beta] = Field(default=(0.9, 0.95), description="Decay rates of the two moments.")
    epsilon: float = Field(default=1e-8, gt=0, description="Added to the root of the second moment.")
    weight_decay: float = Field(default=0.1, ge=0, description="Decoupled decay of all tensors.")
    clip_norm: float = Field(default=1.0, gt=0, description="Largest global gradient norm.")

    @model_validator(mode="after")
    def _rates_and_clock_agree(self) -> Self:
        if self.final_learning_rate > self.learning_rate:
            raise ValueError(
                f"final_learning_rate={self.final_learning_rate} is above learning_rate={self.learning_rate}; lower it"
            )
        if self.warmup_tokens >= self.decay_tokens:
            raise ValueError(
                f"warmup_tokens={self.warmup_tokens} leaves nothing of decay_tokens={self.decay_tokens}; "
                "shorten the warm-up or lengthen the decay"
            )
        return self

    def rate_at(self, tokens_before_step: int) -> float:
        """The learning rate of the step taken after `tokens_before_step` tokens.

        Linear from (almost) 0 to the peak over `warmup_tokens`, then half a cosine to the final rate at `decay_tokens`.
        """
        if tokens_before_step < self.warmup_tokens:
            return self.learning_rate * max(1, tokens_before_step) / self.warmup_tokens
        decayed = min(1.0, (tokens_before_step - self.warmup_tokens) / (self.decay_tokens - self.warmup_tokens))
        span = self.learning_rate - self.final_learning_rate
        return self.final_learning_rate + 0.5 * (1.0 + math.cos(math.pi * decayed)) * span
