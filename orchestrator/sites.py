"""Where an experiment runs: on a Ray of its own, on a running cluster, or in this process."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, final

from configs.checkpoints import IN_RUN_DIRECTORY, CheckpointsConfig
from configs.errors import ConfigurationError, ResourceError
from configs.placement import PlacementConfig
from configs.run_paths import RunPaths
from orchestrator.executor import AbstractExecutor
from orchestrator.inline_executor import InlineExecutor
from orchestrator.ledger import Ledger
from orchestrator.machine import inspect_machine
from orchestrator.metrics import Metrics
from orchestrator.probes.executor import AbstractProbeExecutor, InlineProbeExecutor
from orchestrator.shared_place import left_marker
from orchestrator.slots import Slot, slots_for
from workers.checkpoint_store import AbstractCheckpointStore
from workers.points import Reach, pass_by

if TYPE_CHECKING:
    from orchestrator.ray_nodes import RayNodes

__all__ = ["AbstractSite", "InlineSite", "RaySite"]

_THIS_NODE = "local"


class AbstractSite(ABC):
    """Is opened before a run directory exists, so that what is missing is found out first."""

    @property
    def opening(self) -> str | None:
        """What `opened` takes seconds for, in words; None if it takes none."""
        return None

    @abstractmethod
    @contextmanager
    def opened(
        self, run_dir: Path, *, checkpoints: CheckpointsConfig = IN_RUN_DIRECTORY, readable: tuple[Path, ...] = ()
    ) -> Iterator[None]:
        """Start or reach whatever it is for the time of the block, and leave nothing of ours running.

        Args:
            run_dir: Where the run directory is or will be.
            checkpoints: Where checkpoints are kept; every node must see it, or else the run directory.
            readable: Directories that every node must be able to read.

        Raises:
            ResourceError: If it cannot be used.
        """
        yield

    @abstractmethod
    def slots(self, placement: PlacementConfig) -> tuple[Slot, ...]:
        """Every slot there is.

        Raises:
            ResourceError: If there is none.
        """

    @abstractmethod
    def executor(
        self, paths: RunPaths, *, store: AbstractCheckpointStore, placement: PlacementConfig, reach: Reach = pass_by
    ) -> AbstractExecutor:
        """What runs the seeds and keeps the ledger."""

    @abstractmethod
    def require_threads(self, threads_per_task: int) -> None:
        """Refuse more threads than a probe can have, as far as that is known before the site is opened.

        Raises:
            ResourceError: If they are too many.
        """

    @abstractmethod
    def probe_executor(self, *, threads_per_task: int) -> AbstractProbeExecutor:
        """What runs the tasks of a probe."""


@final
class InlineSite(AbstractSite):
    """This process and one slot, without Ray."""

    @contextmanager
    def opened(
        self, run_dir: Path, *, checkpoints: CheckpointsConfig = IN_RUN_DIRECTORY, readable: tuple[Path, ...] = ()
    ) -> Iterator[None]:
        """See the base class. There is nothing to open."""
        del run_dir, checkpoints, readable
        yield

    def slots(self, placement: PlacementConfig) -> tuple[Slot, ...]:
        """See the base class. This process is pinned to nothing, so its one slot is all that it may use."""
        machine = inspect_machine()
        places = slots_for(machine, node=_THIS_NODE, placement=placement)  # refuses more threads than cores
        if placement.device == "cuda":
            return tuple(slot for slot in places if slot.gpu == 0)
        return tuple(replace(slot, cores=machine.cores) for slot in places if slot.cores == places[0].cores)

    def executor(
        self, paths: RunPaths, *, store: AbstractCheckpointStore, placement: PlacementConfig, reach: Reach = pass_by
    ) -> AbstractExecutor:
        """See the base class."""
        metrics = Metrics(partial(Ledger.open, paths.ledger_file, clock=time.time), store=store, reach=reach)
        return InlineExecutor(metrics, slots=self.slots(placement))

    def require_threads(self, threads_per_task: int) -> None:
        """See the base class."""
        num_cores = len(inspect_machine().cores)
        if threads_per_task > num_cores:
            raise ResourceError(f"--threads {threads_per_task} is more than the {num_cores} usable cores; give fewer")

    def probe_executor(self, *, threads_per_task: int) -> AbstractProbeExecutor:
        """See the base class."""
        num_cores = len(inspect_machine().cores)
        return InlineProbeExecutor(num_tasks_at_once=num_cores // threads_per_task, threads_per_task=threads_per_task)


@final
class RaySite(AbstractSite):
    """A Ray of our own on this machine, or the cluster at `address`."""

    def __init__(self, address: str | None = None) -> None:
        self._address = address
        self._nodes: RayNodes | None = None

    @property
    def opening(self) -> str:
        """See the base class."""
        return "starting Ray" if self._address is None else f"reaching the Ray cluster at {self._address}"

    @contextmanager
    def opened(
        self, run_dir: Path, *, checkpoints: CheckpointsConfig = IN_RUN_DIRECTORY, readable: tuple[Path, ...] = ()
    ) -> Iterator[None]:
        """See the base class."""
        _require_shared(checkpoints)
        # Ray takes seconds to import and sets signal handlers; whoever needs none of it never loads it.
        from orchestrator.ray_session import ray_cluster, ray_on_this_machine

        if self._address is None:
            machine = inspect_machine()
            with ray_on_this_machine(num_cores=len(machine.cores), num_gpus=machine.num_gpus):
                from orchestrator.ray_nodes import RayNodes

                self._nodes = RayNodes.of_own_ray()
                yield
            return
        marked = left_marker(run_dir, checkpoints=checkpoints, readable=readable)
        with marked as marker, ray_cluster(self._address):
            from orchestrator.ray_nodes import RayNodes

            self._nodes = RayNodes(marker=marker)
            self._nodes.require_all()
            yield

    def slots(self, placement: PlacementConfig) -> tuple[Slot, ...]:
        """See the base class."""
        from orchestrator.ray_nodes import slots_of

        return slots_of(self._opened_nodes().usable(), placement=placement)

    def executor(
        self, paths: RunPaths, *, store: AbstractCheckpointStore, placement: PlacementConfig, reach: Reach = pass_by
    ) -> AbstractExecutor:
        """See the base class."""
        from orchestrator.ray_executor import RayExecutor

        return RayExecutor(paths, store=store, nodes=self._opened_nodes(), placement=placement, reach=reach)

    def require_threads(self, threads_per_task: int) -> None:
        """See the base class. A cluster's nodes are known once it is opened."""

    def probe_executor(self, *, threads_per_task: int) -> AbstractProbeExecutor:
        """See the base class."""
        from orchestrator.probes.ray_executor import RayProbeExecutor

        return RayProbeExecutor(self._opened_nodes().usable(), threads_per_task=threads_per_task)

    def _opened_nodes(self) -> "RayNodes":
        assert self._nodes is not None, "the site is not open"
        return self._nodes


def _require_shared(checkpoints: CheckpointsConfig) -> None:
    if checkpoints.uri is not None and checkpoints.uri.startswith("memory://"):
        raise ConfigurationError(
            f"checkpoints.uri={checkpoints.uri} is the memory of one process, and every run is a process of its own; "
            "add --inline, or choose another place"
        )
