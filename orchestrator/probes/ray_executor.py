"""Run the tasks of a probe in Ray actors, one for each slot, pinned to its cores."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, final

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from configs.placement import PlacementConfig
from orchestrator.probes.executor import AbstractProbeExecutor, failure_of
from orchestrator.probes.task import ProbeTask, TaskOutcome
from orchestrator.ray_nodes import RayNode, slots_of
from orchestrator.slots import Slot
from orchestrator.stop_signal import StopRequest
from workers.pinning import pin_process, thread_environment

__all__ = ["ProbeWorker", "RayProbeExecutor"]

_LOOK_EVERY_S = 0.5
"""How soon a request to stop is heard."""


@final
class ProbeWorker:
    """A process that belongs to the slot's cores from the first moment on."""

    def __init__(self, cores: tuple[int, ...]) -> None:
        # Before torch is imported, so that its thread pool is born on these cores.
        pin_process(cores)
        self._num_threads = len(cores)

    def run(self, task: ProbeTask) -> str:
        """Why the task could not be done, or nothing."""
        return failure_of(task, num_threads=self._num_threads)


@final
class RayProbeExecutor(AbstractProbeExecutor):
    """Slots on the nodes of the Ray that this process is connected to.

    Args:
        nodes: The nodes to use, by name.
        threads_per_task: Cores of one slot.
    """

    def __init__(self, nodes: Mapping[str, RayNode], *, threads_per_task: int) -> None:
        self._nodes = nodes
        self._free = list(reversed(slots_of(nodes, placement=PlacementConfig(threads_per_run=threads_per_task))))
        self._workers: dict[Slot, Any] = {}

    def run(self, tasks: Sequence[ProbeTask], *, stop: StopRequest) -> Iterator[TaskOutcome]:
        """See the base class."""
        waiting = list(reversed(tasks))
        running: dict[Any, tuple[ProbeTask, Slot, float]] = {}
        try:
            while running or (waiting and not stop.is_made):
                while waiting and self._free and not stop.is_made:
                    task, slot = waiting.pop(), self._free.pop()
                    running[self._worker(slot).run.remote(task)] = (task, slot, time.monotonic())
                ready, _ = ray.wait(list(running), timeout=_LOOK_EVERY_S)
                for reference in ready:
                    yield self._finish(reference, *running.pop(reference))
        finally:
            for worker in self._workers.values():
                ray.kill(worker)
            self._workers.clear()

    def _worker(self, slot: Slot) -> Any:  # Any: a handle of an actor
        if slot not in self._workers:
            node_id = self._nodes[slot.node].node_id
            options = {
                "num_cpus": len(slot.cores),
                "scheduling_strategy": NodeAffinitySchedulingStrategy(node_id, soft=False),
                "runtime_env": {"env_vars": thread_environment(len(slot.cores))},
                "max_restarts": 0,
                "max_task_retries": 0,
            }
            self._workers[slot] = ray.remote(ProbeWorker).options(**options).remote(slot.cores)
        return self._workers[slot]

    def _finish(self, reference: Any, task: ProbeTask, slot: Slot, started_s: float) -> TaskOutcome:
        self._free.append(slot)
        elapsed_s = time.monotonic() - started_s
        try:
            return TaskOutcome(task, elapsed_s, ray.get(reference))
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError as error:
            # Its process is gone, as when the kernel took its memory back; the slot gets a new one.
            ray.kill(self._workers.pop(slot))
            return TaskOutcome(task, elapsed_s, f"its process died ({type(error).__name__}); is there enough memory?")
