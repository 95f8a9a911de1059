"""Slots are disjoint, stay within what the process may use, and are lent to one run at a time."""

import os
import subprocess
import sys
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.errors import ResourceError
from configs.placement import PlacementConfig
from orchestrator.machine import Machine
from orchestrator.slots import Slot, SlotPool, slots_for


def machine_with(cores: tuple[int, ...], *, physical_cores: tuple[int, ...] | None = None) -> Machine:
    return Machine(
        host="node-a",
        cores=cores,
        physical_cores=physical_cores or cores,
        memory_bytes=2**33,
        memory_available_bytes=2**32,
        cpu_model="some CPU",
        has_affinity=True,
    )


def cores_of(slots: tuple[Slot, ...]) -> list[tuple[int, ...]]:
    return [slot.cores for slot in slots]


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    """Machines with one or two usable hardware threads on each physical core, numbered without order."""
    threads = draw(st.lists(st.integers(1, 2), min_size=1, max_size=12))
    numbers = draw(st.permutations(range(sum(threads))))
    physical = list(chain.from_iterable([index] * count for index, count in enumerate(threads)))
    cores = dict(sorted(zip(numbers, physical, strict=True)))
    return machine_with(tuple(cores), physical_cores=tuple(cores.values()))


@given(machine=machines(), threads_per_run=st.integers(1, 24))
def test_slots_are_disjoint_within_the_usable_cores_and_as_many_as_fit(machine: Machine, threads_per_run: int) -> None:
    if threads_per_run > len(machine.cores):
        with pytest.raises(ResourceError):
            slots_for(machine, node="a", placement=PlacementConfig(threads_per_run=threads_per_run))
        return
    slots = slots_for(machine, node="a", placement=PlacementConfig(threads_per_run=threads_per_run))
    used = list(chain.from_iterable(cores_of(slots)))
    assert len(slots) == len(machine.cores) // threads_per_run
    assert all(len(slot.cores) == threads_per_run for slot in slots)
    assert len(used) == len(set(used))
    assert set(used) <= set(machine.cores)


@given(machine=machines(), threads_per_run=st.integers(1, 24))
def test_a_slot_shares_a_physical_core_only_when_it_must(machine: Machine, threads_per_run: int) -> None:
    physical = dict(zip(machine.cores, machine.physical_cores, strict=True))
    num_physical = len(set(machine.physical_cores))
    if threads_per_run > num_physical:
        return
    for slot in slots_for(machine, node="a", placement=PlacementConfig(threads_per_run=threads_per_run)):
        assert len({physical[core] for core in slot.cores}) == threads_per_run


@given(machine=machines())
def test_the_first_slots_have_a_physical_core_each(machine: Machine) -> None:
    physical = dict(zip(machine.cores, machine.physical_cores, strict=True))
    num_physical = len(set(machine.physical_cores))
    first = slots_for(machine, node="a", placement=PlacementConfig(threads_per_run=1))[:num_physical]
    assert len({physical[slot.cores[0]] for slot in first}) == num_physical


def test_second_hardware_threads_come_last() -> None:
    machine = machine_with((0, 1, 2, 3, 4, 5, 6, 7), physical_cores=(0, 0, 2, 2, 4, 4, 6, 6))
    assert cores_of(slots_for(machine, node="a", placement=PlacementConfig(threads_per_run=2))) == [
        (0, 2),
        (4, 6),
        (1, 3),
        (5, 7),
    ]


def test_cores_that_fill_no_slot_stay_idle() -> None:
    assert cores_of(slots_for(machine_with((3, 5, 9)), node="a", placement=PlacementConfig(threads_per_run=2))) == [
        (3, 5)
    ]


def test_too_many_threads_are_refused_with_both_numbers_and_the_remedy() -> None:
    with pytest.raises(ResourceError) as caught:
        slots_for(machine_with((0, 1, 2)), node="a", placement=PlacementConfig(threads_per_run=4))
    assert str(caught.value) == (
        "placement.threads_per_run=4 exceeds the 3 cores that this process may use on node-a (0-2); set it to 3 or "
        "less, or allow the process more cores."
    )


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the platform has no thread affinity")
def test_four_seeds_on_one_core_find_one_slot_and_queue() -> None:
    core = min(os.sched_getaffinity(0))
    code = (
        f"import os; os.sched_setaffinity(0, ({core},))\n"  # As `taskset -c` does.
        "from orchestrator.machine import inspect_machine\n"
        "from configs.placement import PlacementConfig\n"
        "from orchestrator.slots import SlotPool, slots_for\n"
        "pool = SlotPool(slots_for(inspect_machine(), node='a', placement=PlacementConfig()))\n"
        "print([slot and str(slot) for slot in (pool.acquire() for seed in (101, 202, 303, 404))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == f"['a:{core}', None, None, None]"


def slot(node: str, *cores: int) -> Slot:
    return Slot(node=node, cores=cores)


def test_a_lent_slot_is_lent_again_only_after_its_release() -> None:
    pool = SlotPool((slot("a", 0), slot("a", 1)))
    first, second, third = pool.acquire(), pool.acquire(), pool.acquire()
    assert (first, second, third) == (slot("a", 0), slot("a", 1), None)
    pool.release(slot("a", 0))
    assert pool.num_free == 1
    assert pool.acquire() == slot("a", 0)


def test_nodes_are_filled_evenly() -> None:
    pool = SlotPool((slot("a", 0), slot("a", 1), slot("b", 0), slot("b", 1), slot("b", 2)))
    lent = [pool.acquire() for _ in range(5)]
    assert [str(each) for each in lent] == ["a:0", "b:0", "a:1", "b:1", "b:2"]


def test_a_slot_released_twice_is_an_error() -> None:
    pool = SlotPool((slot("a", 0),))
    pool.release(pool.acquire() or slot("a", 9))
    with pytest.raises(ValueError, match="slot a:0 is released but was not lent"):
        pool.release(slot("a", 0))


def test_overlapping_slots_are_refused() -> None:
    pool = SlotPool((slot("a", 0, 1), slot("b", 1)))
    with pytest.raises(ValueError, match="slot a:1-2 shares cores 1"):
        pool.add((slot("a", 1, 2),))


def test_slots_of_a_removed_node_are_not_lent_again() -> None:
    pool = SlotPool((slot("a", 0), slot("b", 0)))
    lent = pool.acquire()
    assert lent == slot("a", 0)
    pool.remove_node("a")
    pool.release(lent)
    assert (pool.acquire(), pool.acquire(), pool.num_free) == (slot("b", 0), None, 0)


def test_a_node_may_join_later() -> None:
    pool = SlotPool()
    assert pool.acquire() is None
    pool.add((slot("c", 4),))
    assert pool.acquire() == slot("c", 4)


def test_slots_under_suspicion_are_lent_last() -> None:
    pool = SlotPool((slot("a", 0), slot("b", 0), slot("a", 1), slot("b", 1)))
    pool.release(pool.acquire() or slot("a", 9), is_suspect=True)

    lent = [str(pool.acquire()) for _ in range(4)]

    assert lent == ["b:0", "b:1", "a:0", "a:1"]


def test_suspicion_ends_when_a_slot_of_the_node_comes_back_well() -> None:
    pool = SlotPool((slot("a", 0), slot("b", 0)))
    for is_suspect in (True, False):
        lent = [pool.acquire(), pool.acquire()]
        for each in lent:
            assert each is not None
            pool.release(each, is_suspect=is_suspect and each.node == "a")

    assert str(pool.acquire()) == "a:0"


def test_node_of_which_others_hold_cores_lends_no_more_than_is_left_and_from_the_end() -> None:
    pool = SlotPool([Slot("a", (0,)), Slot("a", (1,)), Slot("a", (2,))])

    pool.limit({"a": 1})

    assert (pool.acquire(), pool.acquire()) == (Slot("a", (2,)), None)
    assert pool.is_held_by_others


def test_slots_are_lent_again_when_others_have_left() -> None:
    pool = SlotPool([Slot("a", (0,)), Slot("b", (0,))])
    pool.limit({"a": 0, "b": 0})
    refused = pool.acquire()

    pool.limit({"a": 1, "b": 0})

    assert (refused, pool.acquire(), pool.acquire()) == (None, Slot("a", (0,)), None)


def test_pool_whose_slots_are_all_lent_is_not_held_by_others() -> None:
    pool = SlotPool([Slot("a", (0,))])
    pool.limit({"a": 1})

    pool.acquire()

    assert not pool.is_held_by_others
