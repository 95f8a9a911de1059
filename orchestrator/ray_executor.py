"""Run each seed as an actor of its own, pinned to its slot."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, final

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from configs.errors import UnreachableError
from configs.placement import PlacementConfig
from configs.run_paths import RunPaths
from orchestrator.executor import AbstractExecutor, NodeChange
from orchestrator.ledger import Ledger
from orchestrator.metrics import Metrics
from orchestrator.ray_nodes import RayNode, RayNodes, slots_of
from orchestrator.remote_host_meter import HostMeterProcess, RemoteHostMeter
from orchestrator.remote_metrics import RemoteMetrics
from orchestrator.seed_worker import RunTask, SeedWorker
from orchestrator.slots import Slot
from orchestrator.waiting_tasks import WaitingTasks
from workers.checkpoint_store import AbstractCheckpointStore
from workers.failure_cause import failure_from
from workers.pinning import thread_environment
from workers.points import Reach, pass_by
from workers.records import FailureCause, Outcome, RunId, SeedFailure
from workers.usage.host_meter import AbstractHostMeter, Sharing, UnmeteredHost
from workers.usage.open_meter import why_no_counter

__all__ = ["RayExecutor"]

# The controller decides what is tried again; Ray never does.
_NO_RETRIES = {"max_restarts": 0, "max_task_retries": 0}

_CLOSE_TIMEOUT_S = 10.0
_METER_CALLS = 64  # a run that waits for its idle baseline holds up no other
_METER_PATIENCE_S = 30.0  # for an actor to start on a machine whose cores are all busy
_LOST = (
    ray.exceptions.RayActorError,
    ray.exceptions.WorkerCrashedError,
    ray.exceptions.NodeDiedError,
    ray.exceptions.ObjectLostError,
    # An actor that is tied to a node which has just died.
    ray.exceptions.ActorUnschedulableError,
)


@final
class RayExecutor(AbstractExecutor):
    """Slots on the nodes of the Ray that this process is connected to.

    Args:
        paths: The run directory, whose ledger is kept on the driver's node.
        store: Where the checkpoints are kept.
        nodes: The nodes to use.
        placement: Cores of one slot, or the device, and the runs that share it.
        reach: Handed on to the metrics.
    """

    def __init__(
        self,
        paths: RunPaths,
        *,
        store: AbstractCheckpointStore,
        nodes: RayNodes,
        placement: PlacementConfig,
        reach: Reach = pass_by,
    ) -> None:
        self._placement = placement
        self._nodes = nodes
        self._known: Mapping[str, RayNode] = nodes.usable()
        self._host = _MetricsHost(paths, store=store, reach=reach)
        self._metrics = RemoteMetrics(self._host.find_or_start)
        self._waiting = WaitingTasks()
        self._running: dict[Any, tuple[tuple[RunTask, ...], Any]] = {}
        self._lost: list[Outcome] = []
        self._meters = _NodeMeters()

    @property
    def metrics(self) -> RemoteMetrics:
        """See the base class."""
        return self._metrics

    @property
    def slots(self) -> tuple[Slot, ...]:
        """See the base class."""
        return slots_of(self._known, placement=self._placement)

    def start(self, task: RunTask) -> None:
        """See the base class. It begins with the next `wait`, together with the others of its stack."""
        self._waiting.add(task)

    def wait(self, timeout_s: float) -> tuple[Outcome, ...]:
        """See the base class."""
        for tasks in self._waiting.take_all():
            self._start_stack(tasks)
        lost, self._lost = tuple(self._lost), []
        if lost:
            return lost
        if not self._running:
            time.sleep(timeout_s)
            return ()
        references = list(self._running)
        ready, _ = ray.wait(references, num_returns=1, timeout=timeout_s)
        if ready:
            ready, _ = ray.wait(references, num_returns=len(references), timeout=0)
        return tuple(outcome for reference in ready for outcome in self._finish(reference))

    def give_up(self, run: RunId, *, message: str) -> SeedFailure:
        """See the base class. The other runs of its stack end with it."""
        waiting = next((task for task in self._waiting if task.run == run), None)
        if waiting is not None:
            self._waiting.remove(waiting)
            return _given_up(waiting, message)
        reference = next(
            reference for reference, (tasks, _) in self._running.items() if run in [task.run for task in tasks]
        )
        tasks, actor = self._running.pop(reference)
        ray.kill(actor)
        failures = {task.run: _given_up(task, message) for task in tasks}
        failure = failures.pop(run)
        self._lost.extend(failures.values())
        return failure

    def refresh(self) -> NodeChange:
        """See the base class."""
        before, self._known = self._known, self._nodes.usable()
        # A node that was replaced under its host's name is lost and has joined.
        lost = tuple(name for name, node in before.items() if self._known.get(name) != node)
        joined = {name: node for name, node in self._known.items() if before.get(name) != node}
        new_slots = slots_of(joined, placement=self._placement) if joined else ()
        return NodeChange(
            lost_nodes=lost,
            new_slots=new_slots,
            notices=self._nodes.take_notices(),
            most_slots=self._nodes.most_slots(placement=self._placement, held=self._held_slots()),
            waiting=self._waiting_runs(),
        )

    def close(self) -> None:
        """See the base class."""
        for _, actor in self._running.values():
            ray.kill(actor)
        self._running.clear()
        self._meters.close()
        self._host.close()

    def _start_stack(self, tasks: tuple[RunTask, ...]) -> None:
        slot = tasks[0].slot
        if slot.node not in self._known:  # it was lost in between
            self._lost.extend(_given_up(task, f"its node {slot.node} is gone") for task in tasks)
            return
        node_id = self._known[slot.node].node_id
        threads = self._placement.threads_per_run
        actor = (
            _actor_class(SeedWorker)
            .options(
                num_cpus=threads,
                num_gpus=0 if slot.gpu is None else 1,
                scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
                runtime_env={"env_vars": thread_environment(threads)},
                **_NO_RETRIES,
            )
            .remote(slot.cores)
        )
        meter = self._meters.on_node(node_id, task=tasks[0], num_slots=self._num_slots_on(slot.node))
        self._running[actor.run.remote(tasks, self._host.remote_metrics(), meter)] = (tasks, actor)

    def _held_slots(self) -> Counter[str]:
        return Counter(task.slot.node for tasks, _ in self._running.values() for task in tasks)

    def _waiting_runs(self) -> tuple[RunId, ...]:
        return tuple(
            task.run for tasks, actor in self._running.values() if not self._nodes.is_placed(actor) for task in tasks
        )

    def _num_slots_on(self, node: str) -> int:
        return sum(slot.node == node and slot.place == 0 for slot in self.slots)

    def _finish(self, reference: Any) -> tuple[Outcome, ...]:
        tasks, actor = self._running.pop(reference)
        try:
            outcomes: tuple[Outcome, ...] = ray.get(reference)
        except ray.exceptions.RayError as error:
            outcomes = tuple(_failure_from(error, task=task) for task in tasks)
        ray.kill(actor)
        return outcomes


def _given_up(task: RunTask, message: str) -> SeedFailure:
    return failure_from(TimeoutError(message), run=task.run, attempt=task.attempt, cause=FailureCause.LOST_WORKER)


@final
class _MetricsHost:
    """Starts the metrics actor on the driver's node, and again if it died: the ledger's file is all it needs."""

    def __init__(self, paths: RunPaths, *, store: AbstractCheckpointStore, reach: Reach) -> None:
        self._paths = paths
        self._store = store
        self._reach = reach
        self._name = f"seedscope-metrics-{uuid.uuid4().hex}"

    def find_or_start(self) -> Any:
        """A handle of the living actor.

        Raises:
            ValueError: While the name still belongs to one that died.
        """
        try:
            return ray.get_actor(self._name)
        except ValueError:
            return self._start()

    def remote_metrics(self) -> RemoteMetrics:
        """What workers call; they wait for a successor and never start one."""
        return RemoteMetrics(partial(ray.get_actor, self._name))

    def close(self) -> None:
        """End the actor, after it has folded the write-ahead log into the ledger's one file."""
        try:
            actor = ray.get_actor(self._name)
            ray.get(actor.close.remote(), timeout=_CLOSE_TIMEOUT_S)
            ray.kill(actor)
        except (ValueError, ray.exceptions.RayError):
            return  # It died before; whoever opens the ledger next recovers the log.

    def _start(self) -> Any:
        here = ray.get_runtime_context().get_node_id()
        if not any(node["NodeID"] == here and node["Alive"] for node in ray.nodes()):
            raise UnreachableError("the Ray node of this machine has died; go on with `seedscope resume`")
        open_ledger: Callable[[], Ledger] = partial(Ledger.open, self._paths.ledger_file, clock=time.time)
        return (
            _actor_class(Metrics)
            .options(
                name=self._name,
                num_cpus=0,
                scheduling_strategy=NodeAffinitySchedulingStrategy(here, soft=False),
                **_NO_RETRIES,
            )
            .remote(open_ledger, store=self._store, reach=self._reach)
        )


@final
class _NodeMeters:
    """Starts one energy meter on each node, with the first run there."""

    def __init__(self) -> None:
        self._by_node: dict[str, Any] = {}

    def on_node(self, node_id: str, *, task: RunTask, num_slots: int) -> AbstractHostMeter:
        energy, placement = task.config.energy, task.config.placement
        if energy.source in ("none", "external"):
            return UnmeteredHost(f"energy.source is {energy.source}")
        if node_id == ray.get_runtime_context().get_node_id():
            # Most machines have no sensor; seen here, that saves a process.
            why = why_no_counter(energy, device=placement.device)
            if why is not None:
                return UnmeteredHost(why)
        if node_id not in self._by_node:
            is_alone = num_slots == 1 or placement.max_concurrent_runs == 1
            self._by_node[node_id] = (
                _actor_class(HostMeterProcess)
                .options(
                    num_cpus=0,
                    max_concurrency=_METER_CALLS,
                    scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
                    **_NO_RETRIES,
                )
                .remote(energy, device=placement.device, sharing=Sharing.SEQUENTIAL if is_alone else Sharing.CONCURRENT)
            )
        return RemoteHostMeter(self._by_node[node_id], patience_s=energy.idle_s + _METER_PATIENCE_S)

    def close(self) -> None:
        for actor in self._by_node.values():
            ray.kill(actor)
        self._by_node.clear()


def _actor_class(plain: type) -> Any:
    return ray.remote(plain)


def _failure_from(error: ray.exceptions.RayError, *, task: RunTask) -> SeedFailure:
    failure = failure_from(error, run=task.run, attempt=task.attempt, cause=_cause_of(error))
    if failure.cause is not FailureCause.LOST_WORKER:
        return failure
    # Ray's message goes on for a page; its first clause says what happened.
    return replace(failure, message=failure.message.split("class_name:")[0].strip().rstrip("."))


def _cause_of(error: ray.exceptions.RayError) -> FailureCause:
    if isinstance(error, ray.exceptions.OutOfMemoryError):
        return FailureCause.OUT_OF_MEMORY
    if isinstance(error, ray.exceptions.OutOfDiskError):
        return FailureCause.DISK_FULL
    if "creation task" in str(error):
        return FailureCause.DEFECT  # The actor's constructor raised; it would do so again.
    return FailureCause.LOST_WORKER if isinstance(error, _LOST) else FailureCause.DEFECT
