"""How the work on an experiment came to an end, and with which exit code a command ends."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

__all__ = ["Ending", "EndingKind", "ExitCode"]


class ExitCode(IntEnum):
    """What a command tells the shell."""

    DONE = 0
    DEFECT = 1
    """Of ours."""
    USER_ERROR = 2
    FAILED_RUNS = 3
    """The table is partial."""
    STOPPED = 130
    """By the user, or by whatever killed it; it can be resumed."""


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
