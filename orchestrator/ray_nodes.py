"""Which nodes a Ray has, what each of them offers, and whether it can be used."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, final

import ray
from ray._private import state as ray_state  # nothing public tells free cores by node, or where an actor is
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from configs.errors import ResourceError
from configs.placement import PlacementConfig
from orchestrator.machine import Machine, inspect_machine, physical_cores_first
from orchestrator.shared_place import Marker
from orchestrator.slots import Slot, slots_for
from orchestrator.versions import learning_versions

__all__ = ["NodeAnswer", "RayNode", "RayNodes", "answer_for_node", "slots_of"]

_ANSWER_TIMEOUT_S = 60.0
_LACKING = re.compile(r"No module named '([\w.]+)'")


@dataclass(frozen=True, slots=True)
class NodeAnswer:
    """What a node says of itself."""

    machine: Machine
    versions: Mapping[str, str]
    unseen: str
    """Why it cannot use the place that all nodes share; empty if it can."""


@dataclass(frozen=True, slots=True)
class RayNode:
    """A node that can be used."""

    node_id: str
    machine: Machine


def answer_for_node(marker: Marker | None) -> NodeAnswer:
    """Runs on a node: what it offers, what is installed, and whether it sees what the driver left there."""
    return NodeAnswer(inspect_machine(), learning_versions(), "" if marker is None else marker.why_unseen())


@final
class RayNodes:
    """The usable nodes of the Ray that this process is connected to, the driver's own first.

    Args:
        marker: What the driver left at the place that all nodes share; every node must see it.
    """

    def __init__(self, *, marker: Marker | None) -> None:
        self._marker = marker
        self._here = ray.get_runtime_context().get_node_id()
        self._own = NodeAnswer(inspect_machine(), learning_versions(), unseen="")
        self._nodes: dict[str, RayNode] = {}
        self._refused: dict[str, str] = {}
        self._notices: list[str] = []
        self._is_own_ray = False

    @classmethod
    def of_own_ray(cls) -> Self:
        """The one node of a Ray that this process started: its workers see and may use what this process does."""
        nodes = cls(marker=None)
        nodes._is_own_ray = True
        nodes._nodes = {nodes._own.machine.host: RayNode(nodes._here, nodes._own.machine)}
        return nodes

    def require_all(self) -> None:
        """Ask every living node once.

        Raises:
            ResourceError: If one of them cannot be used; names it, and what it lacks.
        """
        self.usable()
        if self._refused:
            raise ResourceError(next(iter(self._refused.values())))

    def usable(self) -> Mapping[str, RayNode]:
        """Living nodes that can be used, by a short name that stays theirs."""
        alive = _alive_nodes(first=self._here)
        self._nodes = {name: node for name, node in self._nodes.items() if node.node_id in alive}
        known = {node.node_id for node in self._nodes.values()} | self._refused.keys()
        self._take_in({node_id: num_cores for node_id, num_cores in alive.items() if node_id not in known})
        return dict(self._nodes)

    def most_slots(self, *, placement: PlacementConfig, held: Mapping[str, int]) -> Mapping[str, int]:
        """How many slots of each node this experiment may hold while others hold some of its cores or GPUs.

        Args:
            placement: Cores of one slot, or the device, and the places of a stack.
            held: Slots of each node that this experiment holds already.
        """
        if self._is_own_ray:
            return {}
        free = ray_state.available_resources_per_node()
        resource, needed = ("GPU", 1) if placement.device == "cuda" else ("CPU", placement.threads_per_run)
        places = 1 if placement.stack_runs == "auto" else placement.stack_runs
        return {
            name: held.get(name, 0) + int(free.get(node.node_id, {}).get(resource, 0)) // needed * places
            for name, node in self._nodes.items()
        }

    def is_placed(self, actor: Any) -> bool:  # Any: Ray's handles are untyped
        """Whether an actor has its cores, even if its process is starting still."""
        if self._is_own_ray:
            return True
        address: dict[str, str] = ray_state.actors(actor._actor_id.hex()).get("Address", {})
        return address.get("NodeID", "").strip("f") != ""

    def take_notices(self) -> tuple[str, ...]:
        """Why nodes that joined are not used, each said once."""
        notices, self._notices = tuple(self._notices), []
        return notices

    def _take_in(self, alive: Mapping[str, int]) -> None:
        for node_id, answer in _ask(alive, marker=self._marker):
            problem = answer if isinstance(answer, str) else _problem(answer, own=self._own)
            if isinstance(answer, str) or problem:
                host = node_id[:8] if isinstance(answer, str) else answer.machine.host
                self._refused[node_id] = f"node {host} cannot be used: {problem}"
                self._notices.append(self._refused[node_id])
            else:
                machine = _as_offered(answer.machine, num_cores=alive[node_id])
                self._nodes[self._name(node_id, host=answer.machine.host)] = RayNode(node_id, machine)

    def _name(self, node_id: str, *, host: str) -> str:
        return f"{host}-{node_id[:6]}" if host in self._nodes else host


def slots_of(nodes: Mapping[str, RayNode], *, placement: PlacementConfig) -> tuple[Slot, ...]:
    """Slots on every node that is large enough.

    Raises:
        ResourceError: If none is.
    """
    large_enough = {name: node for name, node in nodes.items() if _fits(node.machine, placement)}
    # With no node large enough, the first one's own complaint is raised.
    chosen = large_enough or dict(list(nodes.items())[:1])
    return tuple(
        slot for name, node in chosen.items() for slot in slots_for(node.machine, node=name, placement=placement)
    )


def _fits(machine: Machine, placement: PlacementConfig) -> bool:
    return machine.num_gpus > 0 if placement.device == "cuda" else len(machine.cores) >= placement.threads_per_run


def _alive_nodes(*, first: str) -> dict[str, int]:
    """Living nodes and the cores that Ray counts on each."""
    alive = {node["NodeID"]: int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]}
    return dict(sorted(alive.items(), key=lambda item: item[0] != first))


def _as_offered(machine: Machine, *, num_cores: int) -> Machine:
    """The machine with no more cores than Ray lends, physical cores first: an actor beyond them would only wait."""
    siblings = dict(zip(machine.cores, machine.physical_cores, strict=True))
    ordered = physical_cores_first(machine.cores, physical_cores=machine.physical_cores)[:num_cores]
    cores = tuple(sorted(ordered))
    return replace(machine, cores=cores, physical_cores=tuple(siblings[core] for core in cores))


def _ask(node_ids: Iterable[str], *, marker: Marker | None) -> list[tuple[str, NodeAnswer | str]]:
    ask = ray.remote(answer_for_node)
    references = {
        node_id: ask.options(
            num_cpus=0, max_retries=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False)
        ).remote(marker)
        for node_id in node_ids
    }
    return [(node_id, _answer(reference)) for node_id, reference in references.items()]


def _answer(reference: Any) -> NodeAnswer | str:
    """What the node says, or why it says nothing."""
    try:
        answer: NodeAnswer = ray.get(reference, timeout=_ANSWER_TIMEOUT_S)
    except ray.exceptions.RayTaskError as error:
        lacking = _LACKING.search(str(error))
        if lacking is not None:
            return f"it lacks {lacking[1]}; install what Seedscope needs, in the same versions, on every node"
        return f"it answers with {type(error.cause).__name__}"
    except (ray.exceptions.RayError, TimeoutError):
        return "it does not answer"
    return answer


def _problem(answer: NodeAnswer, *, own: NodeAnswer) -> str:
    if answer.unseen:
        return answer.unseen
    differing = [name for name, version in own.versions.items() if answer.versions.get(name) != version]
    if not differing:
        return ""
    said = ", ".join(f"{name} {answer.versions.get(name, 'missing')} (here {own.versions[name]})" for name in differing)
    return f"it has {said}; install the same versions on every node"
