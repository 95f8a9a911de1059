"""Which validation tokens every interval is measured on."""

from pydantic import Field

from configs.frozen import FrozenConfig

__all__ = ["EvaluationConfig"]


class EvaluationConfig(FrozenConfig):
    """A fixed slice of the validation stream, the same for every seed and interval."""

    tokens: int = Field(gt=0, description="Evaluated next tokens; a whole number of windows.")
    offset: int = Field(default=0, ge=0, description="Index in the validation stream of the slice's first token.")
