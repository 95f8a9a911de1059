"""Where an experiment runs: on a Ray of its own, on a running cluster, or in this process."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self, final

from orchestrator.executor import AbstractExecutor
from orchestrator.inline_executor import InlineExecutor
from orchestrator.ledger import Ledger
from orchestrator.machine import inspect_machine
from orchestrator.metrics import Metrics
from orchestrator.slots import Slot, slots_for

if TYPE_CHECKING:
    from orchestrator.ray_nodes import RayNode

__all__ = ["AbstractSite", "InlineSite", "RaySite"]

_THIS_NODE = "local"


class AbstractSite(ABC):
    """Is entered before a run directory exists, so that what is missing is found out first."""

    @abstractmethod
    def slots(self, threads_per_run: int) -> tuple[Slot, ...]:
        """Every slot there is.

        Raises:
            ResourceError: If there is none.
        """

    @abstractmethod
    def executor(self, ledger_file: Path, *, threads_per_run: int) -> AbstractExecutor:
        """What runs the seeds and keeps the ledger."""

    @abstractmethod
    def __enter__(self) -> Self:
        """Start or reach whatever it is."""

    @abstractmethod
    def __exit__(self, *_: object) -> None:
        """Leave nothing of ours running."""


@final
class InlineSite(AbstractSite):
    """This process and one slot, without Ray."""

    def slots(self, threads_per_run: int) -> tuple[Slot, ...]:
        """See the base class."""
        return slots_for(inspect_machine(), node=_THIS_NODE, threads_per_run=threads_per_run)[:1]

    def executor(self, ledger_file: Path, *, threads_per_run: int) -> AbstractExecutor:
        """See the base class."""
        metrics = Metrics(partial(Ledger.open, ledger_file, clock=time.time))
        return InlineExecutor(metrics, slot=self.slots(threads_per_run)[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@final
class RaySite(AbstractSite):
    """A Ray of our own on this machine, or the cluster at `address`."""

    def __init__(self, address: str | None = None) -> None:
        self._address = address
        self._stack = ExitStack()
        self._nodes: Mapping[str, RayNode] = {}

    def slots(self, threads_per_run: int) -> tuple[Slot, ...]:
        """See the base class."""
        from orchestrator.ray_nodes import slots_of

        return slots_of(self._nodes, threads_per_run=threads_per_run)

    def executor(self, ledger_file: Path, *, threads_per_run: int) -> AbstractExecutor:
        """See the base class."""
        from orchestrator.ray_executor import RayExecutor

        return RayExecutor(ledger_file.absolute(), nodes=self._nodes, threads_per_run=threads_per_run)

    def __enter__(self) -> Self:
        # Ray takes seconds to import and sets signal handlers; whoever needs none of it never loads it.
        from orchestrator.ray_session import ray_cluster, ray_on_this_machine

        if self._address is None:
            self._stack.enter_context(ray_on_this_machine(num_cores=len(inspect_machine().cores)))
        else:
            self._stack.enter_context(ray_cluster(self._address))
        from orchestrator.ray_nodes import inspect_nodes, own_node

        self._nodes = own_node() if self._address is None else inspect_nodes()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
