"""Where a run is in its life."""

from enum import StrEnum

__all__ = ["RunState"]


class RunState(StrEnum):
    """The words that the ledger keeps and every view shows."""

    WAITING = "waiting"
    STARTING = "starting"
    TRAINING = "training"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def is_running(self) -> bool:
        """True while the run holds a slot."""
        return self in (RunState.STARTING, RunState.TRAINING)
