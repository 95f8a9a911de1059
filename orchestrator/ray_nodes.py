"""Which nodes a Ray has, and what each of them offers."""

from collections.abc import Mapping
from dataclasses import dataclass

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from orchestrator.machine import Machine, inspect_machine
from orchestrator.slots import Slot, slots_for

__all__ = ["RayNode", "inspect_nodes", "own_node", "slots_of"]

_INSPECTION_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class RayNode:
    """A living node of the cluster."""

    node_id: str
    machine: Machine


def own_node() -> dict[str, RayNode]:
    """The node of a Ray that this process started itself; its workers inherit what this process may use."""
    return _name_nodes({ray.get_runtime_context().get_node_id(): inspect_machine()})


def inspect_nodes() -> dict[str, RayNode]:
    """What every living node offers, by a short unique name, the driver's own node first."""
    here = ray.get_runtime_context().get_node_id()
    alive = sorted((node["NodeID"] for node in ray.nodes() if node["Alive"]), key=lambda node_id: node_id != here)
    inspect = ray.remote(inspect_machine)
    answers = [
        inspect.options(
            num_cpus=0, max_retries=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False)
        ).remote()
        for node_id in alive
    ]
    return _name_nodes(dict(zip(alive, ray.get(answers, timeout=_INSPECTION_TIMEOUT_S), strict=True)))


def slots_of(nodes: Mapping[str, RayNode], *, threads_per_run: int) -> tuple[Slot, ...]:
    """Slots on every node that is large enough.

    Raises:
        ResourceError: If none is.
    """
    large_enough = {name: node for name, node in nodes.items() if len(node.machine.cores) >= threads_per_run}
    # With no node large enough, the first one's own complaint is raised.
    chosen = large_enough or dict(list(nodes.items())[:1])
    return tuple(
        slot
        for name, node in chosen.items()
        for slot in slots_for(node.machine, node=name, threads_per_run=threads_per_run)
    )


def _name_nodes(machines: dict[str, Machine]) -> dict[str, RayNode]:
    """Nodes by a short unique name: the host's, with a part of the node id where a host has several nodes."""
    hosts = [machine.host for machine in machines.values()]
    return {
        machine.host if hosts.count(machine.host) == 1 else f"{machine.host}-{node_id[:6]}": RayNode(node_id, machine)
        for node_id, machine in machines.items()
    }
