"""How often, and after what pause, a failed run is tried again."""

from pydantic import Field

from configs.frozen import FrozenConfig

__all__ = ["RecoveryConfig"]


class RecoveryConfig(FrozenConfig):
    """Bounds on retries; they count attempts in a row that brought no new interval."""

    max_attempts: int = Field(
        default=4, gt=0, description="Attempts without a new interval after which a run is given up."
    )
    silence_s: float = Field(
        default=600.0, gt=0, description="Seconds without a report after which an attempt is ended and tried again."
    )
    backoff_s: float = Field(
        default=1.0, ge=0, description="Pause before the first retry in seconds; doubled each time."
    )
