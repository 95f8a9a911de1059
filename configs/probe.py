"""On how much text the inside of a checkpoint is probed."""

from pydantic import Field

from configs.frozen import FrozenConfig

__all__ = ["ProbeConfig"]


class ProbeConfig(FrozenConfig):
    """Tokens of their own: the evaluated slice is too short for statistics of ranks."""

    tokens: int = Field(
        default=65_536,
        gt=0,
        description="Most probed next tokens; whole validation stories up to this number are used.",
    )
