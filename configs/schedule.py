"""How many tokens a run sees, and at which steps it is measured."""

from typing import Literal, Self

from pydantic import Field, model_validator

from configs.frozen import FrozenConfig

__all__ = ["ScheduleConfig", "Spacing"]

Spacing = Literal["even", "log"]


class ScheduleConfig(FrozenConfig):
    """The token budget and its intervals. Interval 0 is the initial state."""

    budget_tokens: int = Field(gt=0, description="Training tokens after which a run ends.")
    every_tokens: int = Field(gt=0, description="Training tokens between two intervals.")
    tokens_per_step: int = Field(gt=0, description="Training tokens in one optimizer update.")
    spacing: Spacing = Field(
        default="even",
        description="`log` measures after 1, 2, 4, ... steps as well, up to the first of the even intervals.",
    )

    @model_validator(mode="after")
    def _intervals_are_possible(self) -> Self:
        if self.budget_tokens < self.every_tokens:
            raise ValueError(
                f"budget_tokens={self.budget_tokens} is smaller than one interval of every_tokens={self.every_tokens}; "
                "raise budget_tokens or lower every_tokens"
            )
        remainder = self.budget_tokens % self.every_tokens
        if remainder:
            raise ValueError(
                f"budget_tokens={self.budget_tokens} is not a whole number of intervals of "
                f"every_tokens={self.every_tokens}; choose {self.budget_tokens - remainder} "
                f"or {self.budget_tokens - remainder + self.every_tokens}"
            )
        if self.every_tokens < self.tokens_per_step:
            raise ValueError(
                f"every_tokens={self.every_tokens} is less than one step of tokens_per_step={self.tokens_per_step}, "
                "so two intervals would end at the same step; raise every_tokens"
            )
        return self

    @property
    def num_early_intervals(self) -> int:
        """Intervals that end after 1, 2, 4, ... steps, before the first even one; none where the spacing is even."""
        if self.spacing == "even":
            return 0
        first_even_step = -(-self.every_tokens // self.tokens_per_step)
        # There are as many powers of two below a number as the number before it has bits.
        return (first_even_step - 1).bit_length()

    @property
    def num_intervals(self) -> int:
        """Intervals including interval 0, the initial state."""
        return 1 + self.num_early_intervals + self.budget_tokens // self.every_tokens

    @property
    def num_steps(self) -> int:
        """Optimizer updates of one run."""
        return self.end_step(self.num_intervals - 1)

    @property
    def num_tokens(self) -> int:
        """Training tokens that one run sees: the first whole step at or past the budget."""
        return self.num_steps * self.tokens_per_step

    def target_tokens(self, interval: int) -> int:
        """Tokens at or past which `interval` ends."""
        if 1 <= interval <= self.num_early_intervals:
            return self.tokens_per_step << (interval - 1)  # doubled for each
        return self.every_tokens * max(0, interval - self.num_early_intervals)

    def end_step(self, interval: int) -> int:
        """The first step at or past the target of `interval`."""
        return -(-self.target_tokens(interval) // self.tokens_per_step)
