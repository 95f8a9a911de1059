"""Name the checkpoints that are compared: by condition, interval and seed."""

from dataclasses import dataclass

from configs.model import ModelConfig

__all__ = ["Checkpoint", "CheckpointGroup"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One seed's weights at one interval."""

    seed: int
    directory: str
    weights_sha256: str
    """Of the one file of a run directory; over all weight files of a Hugging Face directory."""
    model: ModelConfig | None
    """The shape of a checkpoint of our own; None where `transformers` reads it."""


@dataclass(frozen=True, slots=True)
class CheckpointGroup:
    """All seeds of one condition at one interval: what one task measures."""

    condition: str
    interval: int
    step: int
    tokens: int | None
    """Training tokens seen; None where nothing tells."""
    members: tuple[Checkpoint, ...]
    """By seed."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the members."""
        return tuple(member.seed for member in self.members)

    def __str__(self) -> str:
        return f"{self.condition}, interval {self.interval} (step {self.step:,})"
