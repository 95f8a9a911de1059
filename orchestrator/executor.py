"""What the controller asks of whatever runs the seeds."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from orchestrator.metrics import AbstractMetrics
from orchestrator.seed_worker import RunTask
from orchestrator.slots import Slot
from workers.records import Outcome, RunId, SeedFailure

__all__ = ["AbstractExecutor", "NodeChange"]


@dataclass(frozen=True, slots=True)
class NodeChange:
    """Which nodes came and went since the last look."""

    lost_nodes: tuple[str, ...] = ()
    new_slots: tuple[Slot, ...] = ()
    notices: tuple[str, ...] = ()
    """Why a node that joined is not used, one sentence each."""
    most_slots: Mapping[str, int] = field(default_factory=dict)
    """How many slots of a node this experiment may hold, for others may hold its cores; all, if it is not named."""

    waiting: tuple[RunId, ...] = ()
    """Runs that were started and have not begun, for others took their cores before them."""


class AbstractExecutor(ABC):
    """Starts attempts on slots and tells how they ended; it decides nothing. A context manager that leaves nothing."""

    @property
    @abstractmethod
    def metrics(self) -> AbstractMetrics:
        """To which all runs report."""

    @property
    @abstractmethod
    def slots(self) -> tuple[Slot, ...]:
        """Every slot there is, those to be used first in front."""

    @abstractmethod
    def start(self, task: RunTask) -> None:
        """Begin an attempt on its slot, which must be free."""

    @abstractmethod
    def wait(self, timeout_s: float) -> tuple[Outcome, ...]:
        """The outcomes of attempts that ended, waiting at most `timeout_s` seconds for the first."""

    @abstractmethod
    def give_up(self, run: RunId, *, message: str) -> SeedFailure:
        """End the attempt that is going on at `run` by force; its outcome will not come any more."""

    @abstractmethod
    def refresh(self) -> NodeChange:
        """Look which nodes came and went."""

    @abstractmethod
    def close(self) -> None:
        """End every process and release every file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
