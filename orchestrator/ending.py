"""How the work on an experiment came to an end."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Ending", "EndingKind"]


class EndingKind(StrEnum):
    """What the exit code is chosen from."""

    FINISHED = "finished"
    STOPPED = "stopped by the user"
    PAUSED = "paused"
    ABORTED = "stopped at once"


@dataclass(frozen=True, slots=True)
class Ending:
    """An end and its reason."""

    kind: EndingKind
    reason: str = ""
    """For the reader; empty where the kind says it all."""
