"""Divide the cores of nodes into slots, and lend each slot to one run at a time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import final

from configs.errors import ResourceError
from configs.placement import PlacementConfig
from orchestrator.core_list import format_core_list
from orchestrator.machine import Machine, physical_cores_first

__all__ = ["Slot", "SlotPool", "slots_for"]


@dataclass(frozen=True, slots=True)
class Slot:
    """A node and a set of its cores that one run holds."""

    node: str
    cores: tuple[int, ...]
    """Sorted core ids; as many as the run has threads, and none where it holds a GPU."""
    gpu: int | None = None
    """Which of the node's GPUs; None for a run on cores."""
    place: int = 0
    """Which place in the stack that holds these cores or this GPU."""

    def __str__(self) -> str:
        where = format_core_list(self.cores) if self.gpu is None else f"gpu{self.gpu}"
        return f"{self.node}:{where}" + (f".{self.place}" if self.place else "")


def slots_for(machine: Machine, *, node: str, placement: PlacementConfig) -> tuple[Slot, ...]:
    """Cut a machine's cores into as many disjoint slots as fit, or take its GPUs; each has the places of a stack.

    First hardware threads go first: the first slots share no physical core, and the threads of one slot share one only
    where there are more of them than physical cores.

    Args:
        machine: What the process may use of the node.
        node: The name under which slots are lent, unique in the cluster.
        placement: Cores of one slot, or the device; an open `stack_runs` stands for 1.

    Returns:
        Slots, those to be lent first in front; cores that fill no slot are left out.

    Raises:
        ResourceError: If not even one slot fits.
    """
    stack_runs = 1 if placement.stack_runs == "auto" else placement.stack_runs
    return tuple(
        replace(slot, place=place) for slot in _whole_slots(machine, node, placement) for place in range(stack_runs)
    )


def _whole_slots(machine: Machine, node: str, placement: PlacementConfig) -> tuple[Slot, ...]:
    if placement.device == "cuda":
        if machine.num_gpus == 0:
            raise ResourceError(f"placement.device=cuda, but {machine.host} has no GPU; set placement.device=cpu")
        return tuple(Slot(node=node, cores=(), gpu=gpu) for gpu in range(machine.num_gpus))
    threads_per_run = placement.threads_per_run
    cores = physical_cores_first(machine.cores, physical_cores=machine.physical_cores)
    num_slots = len(cores) // threads_per_run
    if num_slots == 0:
        raise ResourceError(
            f"placement.threads_per_run={threads_per_run} exceeds the {len(cores)} cores that this process may use on "
            f"{machine.host} ({format_core_list(cores)}); set it to {len(cores)} or less, or allow the process "
            "more cores."
        )
    starts = range(0, num_slots * threads_per_run, threads_per_run)
    return tuple(Slot(node=node, cores=tuple(sorted(cores[start : start + threads_per_run]))) for start in starts)


@final
class SlotPool:
    """The slots of all nodes, and which of them are lent."""

    def __init__(self, slots: Iterable[Slot] = ()) -> None:
        """Begin with every slot free; on each node the earlier ones are lent first."""
        self._by_node: dict[str, tuple[Slot, ...]] = {}
        self._lent: set[Slot] = set()
        self._suspects: set[str] = set()
        self._most: Mapping[str, int] = {}
        self.add(slots)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Every slot, in the order of lending: the first of each node, then the second of each."""
        layers = zip_longest(*self._by_node.values())
        return tuple(slot for slot in chain.from_iterable(layers) if slot is not None)

    @property
    def num_free(self) -> int:
        """Slots that `acquire` could still lend."""
        return len(self.slots) - len(self._lent)

    def acquire(self) -> Slot | None:
        """Lend the first free slot, those under suspicion last; None when all are lent or held by others."""
        free = [slot for slot in self.slots if slot not in self._lent and self._has_room(slot.node)]
        if not free:
            return None
        slot = min(free, key=lambda candidate: candidate.node in self._suspects)
        if slot.node in self._most:
            # Others begin with the first cores, too, if they pin at all.
            slot = next(last for last in reversed(self._by_node[slot.node]) if last not in self._lent)
        self._lent.add(slot)
        return slot

    def limit(self, most: Mapping[str, int]) -> None:
        """Lend no more than this many slots of each node from now on; nodes that are not named have no limit."""
        self._most = {node: number for node, number in most.items() if number < len(self._by_node.get(node, ()))}

    @property
    def is_held_by_others(self) -> bool:
        """Whether slots are free that only the limits keep from being lent, and no other is."""
        free = [slot for slot in self.slots if slot not in self._lent]
        return bool(free) and not any(self._has_room(slot.node) for slot in free)

    def release(self, slot: Slot, *, is_suspect: bool = False) -> None:
        """Take a slot back. A slot of a node that was removed meanwhile is forgotten.

        Args:
            slot: A lent slot.
            is_suspect: Whether its node may be dead: other nodes' slots are then lent first, until one of its own comes
                back without suspicion.

        Raises:
            ValueError: If the slot stands in the pool but is not lent; it would be lent twice.
        """
        if slot.node not in self._by_node:
            return
        if slot not in self._lent:
            raise ValueError(f"slot {slot} is released but was not lent; release each slot once.")
        self._lent.remove(slot)
        if is_suspect:
            self._suspects.add(slot.node)
        else:
            self._suspects.discard(slot.node)

    def add(self, slots: Iterable[Slot]) -> None:
        """Take further slots in, as when a node joins.

        Raises:
            ValueError: If a core of a node would belong to two slots.
        """
        for slot in slots:
            present = self._by_node.get(slot.node, ())
            others = (other for other in present if other.place == slot.place)
            taken = set(chain.from_iterable(other.cores for other in others)) & set(slot.cores)
            if taken:
                raise ValueError(f"slot {slot} shares cores {format_core_list(taken)} with a slot already in the pool.")
            self._by_node[slot.node] = (*present, slot)

    def _has_room(self, node: str) -> bool:
        return node not in self._most or sum(slot.node == node for slot in self._lent) < self._most[node]

    def remove_node(self, node: str) -> None:
        """Never lend a slot of this node again, as when it died; its lent slots need no release."""
        self._by_node.pop(node, None)
        self._lent = {slot for slot in self._lent if slot.node != node}
