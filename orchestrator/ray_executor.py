"""Run each seed as an actor of its own, pinned to its slot; the only file that makes Ray actors."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, final

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from orchestrator.executor import AbstractExecutor
from orchestrator.ledger import Ledger, News
from orchestrator.metrics import AbstractMetrics, Directive, Metrics
from orchestrator.ray_nodes import RayNode, slots_of
from orchestrator.seed_worker import RunTask, SeedWorker, failure_from
from orchestrator.slots import Slot
from workers.pinning import thread_environment
from workers.records import IntervalRecord, Outcome, ProgressSample, RunId

__all__ = ["RayExecutor", "RemoteMetrics"]

# The controller decides what is tried again; Ray never does.
_NO_RETRIES = {"max_restarts": 0, "max_task_retries": 0}


@final
class RemoteMetrics(AbstractMetrics):
    """The metrics actor, as its callers in other processes see it.

    Args:
        actor: Handle of an actor of the class `Metrics`.
    """

    def __init__(self, actor: Any) -> None:  # Any: Ray's handles are untyped
        self._actor = actor

    def begin_attempt(self, run: RunId, *, slot: str) -> int:
        """See the base class."""
        return int(ray.get(self._actor.begin_attempt.remote(run, slot=slot)))

    def accept(self, item: IntervalRecord | ProgressSample, *, attempt: int) -> Directive:
        """See the base class."""
        return Directive(ray.get(self._actor.accept.remote(item, attempt=attempt)))

    def end_attempt(self, outcome: Outcome) -> None:
        """See the base class."""
        ray.get(self._actor.end_attempt.remote(outcome))

    def request_stop(self) -> None:
        """See the base class."""
        ray.get(self._actor.request_stop.remote())

    def news(self, *, after: int) -> News:
        """See the base class."""
        news: News = ray.get(self._actor.news.remote(after=after))
        return news


@final
class RayExecutor(AbstractExecutor):
    """Slots on the nodes of the Ray that this process is connected to.

    Args:
        ledger_file: The ledger, on the driver's node.
        nodes: The nodes to use, by name.
        threads_per_run: Cores of one slot.
    """

    def __init__(self, ledger_file: Path, *, nodes: Mapping[str, RayNode], threads_per_run: int) -> None:
        self._threads_per_run = threads_per_run
        self._nodes = nodes
        self._actor = _start_metrics(partial(Ledger.open, ledger_file, clock=time.time))
        self._metrics = RemoteMetrics(self._actor)
        self._running: dict[Any, tuple[RunTask, Any]] = {}

    @property
    def metrics(self) -> RemoteMetrics:
        """See the base class."""
        return self._metrics

    @property
    def slots(self) -> tuple[Slot, ...]:
        """See the base class."""
        return slots_of(self._nodes, threads_per_run=self._threads_per_run)

    def start(self, task: RunTask) -> None:
        """See the base class."""
        node_id = self._nodes[task.slot.node].node_id
        actor = (
            _actor_class(SeedWorker)
            .options(
                num_cpus=self._threads_per_run,
                scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
                runtime_env={"env_vars": thread_environment(self._threads_per_run)},
                **_NO_RETRIES,
            )
            .remote(task.slot.cores)
        )
        self._running[actor.run.remote(task, self._metrics)] = (task, actor)

    def wait(self, timeout_s: float) -> tuple[Outcome, ...]:
        """See the base class."""
        if not self._running:
            return ()
        references = list(self._running)
        ready, _ = ray.wait(references, num_returns=1, timeout=timeout_s)
        if ready:
            ready, _ = ray.wait(references, num_returns=len(references), timeout=0)
        return tuple(self._finish(reference) for reference in ready)

    def close(self) -> None:
        """See the base class."""
        for _, actor in self._running.values():
            ray.kill(actor)
        self._running.clear()
        # Closing first lets SQLite fold its write-ahead log into the one file.
        ray.get(self._actor.close.remote())
        ray.kill(self._actor)

    def _finish(self, reference: Any) -> Outcome:
        task, actor = self._running.pop(reference)
        try:
            outcome: Outcome = ray.get(reference)
        except ray.exceptions.RayError as error:
            outcome = failure_from(error, task=task)
        ray.kill(actor)
        return outcome


def _actor_class(plain: type) -> Any:
    return ray.remote(plain)


def _start_metrics(open_ledger: Callable[[], Ledger]) -> Any:
    here = ray.get_runtime_context().get_node_id()
    return (
        _actor_class(Metrics)
        .options(num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(here, soft=False), **_NO_RETRIES)
        .remote(open_ledger)
    )
