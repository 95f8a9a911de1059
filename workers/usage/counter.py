"""What every source of energy has in common: a counter of joules."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum

from configs.errors import SeedscopeError

__all__ = ["AbstractCounter", "Label", "MeterError", "Moment"]


class MeterError(SeedscopeError):
    """Met when a source of energy cannot be opened or read; the message says why, and runs go on without."""


class Label(StrEnum):
    """How far a number of joules can be trusted; the two are never tested together."""

    MEASURED = "measured"
    """Read from a hardware counter, or integrated from a sensor's samples."""
    MODELLED = "modelled"
    """Computed from time or load and an assumed power, or divided among runs by such a rule."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a counter is read, and what a model of it may need."""

    at_s: float
    """Monotonic seconds."""
    runs_cpu_s: float
    """CPU seconds that the metered runs of this host have used so far."""


class AbstractCounter(ABC):
    """Joules that one host has used since some moment, over the domains that this source covers."""

    name: str
    """What is read, such as `nvml energy counter`."""
    label: Label
    domains: tuple[str, ...]
    """The parts of the machine that are added up, none of them within another one."""

    @abstractmethod
    def joules(self, moment: Moment) -> float:
        """The counter now; it never goes down.

        Raises:
            MeterError: If there is no reading, or none that continues the one before.
        """

    def close(self) -> None:
        """Release what the source holds."""
        return
