"""Pin a worker process to its cores and report what was achieved.

The order matters: `pin_process` before torch is imported, so that the pools of torch inherit the mask; then
`set_torch_threads`; then `read_pinning`, whose answer goes into the records.
"""

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from configs.errors import ResourceError

__all__ = ["Pinning", "pin_process", "read_pinning", "set_torch_threads", "thread_environment"]

logger = logging.getLogger(__name__)

_TASKS = Path("/proc/self/task")

_MOST_PASSES = 100
"""Passes over the threads before the rest is left to `read_pinning`; in a quiet process the second finds none."""


@dataclass(frozen=True, slots=True)
class Pinning:
    """What a process was found to run on, read back rather than assumed."""

    cores: tuple[int, ...]
    """Sorted union of the masks of all threads; empty where affinity does not exist."""
    num_threads: int
    """Threads of one torch operator."""
    num_interop_threads: int
    """Torch operators at once."""
    num_unpinned_threads: int
    """Threads that may run outside the cores asked for; every thread where affinity does not exist."""
    note: str | None = None
    """One sentence on what was not achieved; None when everything was."""


def pin_process(cores: tuple[int, ...]) -> None:
    """Restrict every thread of this process to `cores`; does nothing where affinity does not exist.

    Args:
        cores: Core ids, as the kernel numbers them; at least one.

    Raises:
        ResourceError: If the kernel grants this process other cores than these.
    """
    if not _has_affinity():
        return
    wanted = frozenset(cores)
    _pin_calling_thread(wanted)
    # `sched_setaffinity(0, ..)` pins one thread; one not yet reached may start others meanwhile, with its old mask.
    for _ in range(_MOST_PASSES):
        astray = [thread for thread, mask in _masks_by_thread().items() if mask != wanted]
        if not astray:
            return
        _pin_threads(astray, cores=wanted)
    logger.warning("Some threads still leave cores %s after %d passes.", sorted(wanted), _MOST_PASSES)


def set_torch_threads(threads: int) -> None:
    """Let torch use `threads` threads in one operator, and run one operator at a time.

    The second number can be set only once in a process and only before torch ran anything in parallel; where that
    moment has passed, a warning says so and `read_pinning` tells the number that holds.

    Args:
        threads: Intra-op threads, at least 1.
    """
    import torch

    torch.set_num_threads(threads)
    if torch.get_num_interop_threads() == 1:
        return
    try:
        torch.set_num_interop_threads(1)
    except RuntimeError as error:
        logger.warning("Inter-op threads stay at %d: %s", torch.get_num_interop_threads(), error)


def read_pinning(cores: tuple[int, ...] | None = None) -> Pinning:
    """Read the masks of all threads and the thread counts of torch.

    Args:
        cores: The cores that `pin_process` was given; None compares with the mask of the calling thread.
    """
    import torch

    masks = _masks_by_thread()
    wanted = frozenset(os.sched_getaffinity(0) if cores is None and masks else cores or ())
    num_unpinned = sum(not mask <= wanted for mask in masks.values()) if masks else _num_python_threads()
    num_interop = torch.get_num_interop_threads()
    return Pinning(
        cores=tuple(sorted(frozenset().union(*masks.values()))),
        num_threads=torch.get_num_threads(),
        num_interop_threads=num_interop,
        num_unpinned_threads=num_unpinned,
        note=_note(num_threads=len(masks), num_unpinned=num_unpinned, num_interop=num_interop),
    )


def thread_environment(threads: int) -> dict[str, str]:
    """The environment in which a worker's libraries start no more than `threads` threads each.

    Ray sets the first by itself, from `num_cpus`, unless the driver's shell has it; the others never. OMP_PROC_BIND
    keeps libgomp from obeying a GOMP_CPU_AFFINITY of that shell, which would move all runs out of their masks to the
    same cores (seen with torch 2.13).

    Args:
        threads: Threads of one run, at least 1.
    """
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return {name: str(threads) for name in names} | {"OMP_PROC_BIND": "false"}


def _has_affinity() -> bool:
    return hasattr(os, "sched_setaffinity") and _TASKS.is_dir()


def _pin_calling_thread(cores: frozenset[int]) -> None:
    allowed = sorted(os.sched_getaffinity(0))
    try:
        os.sched_setaffinity(0, cores)
    except (OSError, ValueError) as error:
        raise ResourceError(_refusal(cores, allowed=allowed)) from error
    # The kernel silently drops cores outside the cpuset.
    if os.sched_getaffinity(0) != cores:
        os.sched_setaffinity(0, allowed)
        raise ResourceError(_refusal(cores, allowed=allowed))


def _refusal(cores: Iterable[int], *, allowed: list[int]) -> str:
    return (
        f"cores {sorted(cores)} were asked for, but this process was started on {allowed} and the kernel does not "
        "grant them; choose cores inside the process's affinity mask and cpuset (`seedscope doctor` shows both)."
    )


def _pin_threads(threads: list[int], *, cores: frozenset[int]) -> None:
    for thread in threads:
        try:
            os.sched_setaffinity(thread, cores)
        except ProcessLookupError:
            continue  # It ended since it was listed.


def _masks_by_thread() -> dict[int, frozenset[int]]:
    """The mask of every thread of this process by thread id; empty where affinity does not exist."""
    if not _has_affinity():
        return {}
    masks = {}
    for thread in map(int, os.listdir(_TASKS)):
        try:
            masks[thread] = frozenset(os.sched_getaffinity(thread))
        except ProcessLookupError:
            continue
    return masks


def _num_python_threads() -> int:
    import threading

    return threading.active_count()


def _note(*, num_threads: int, num_unpinned: int, num_interop: int) -> str | None:
    sentences = []
    if num_threads == 0:
        sentences.append("This platform has no thread affinity; the kernel chooses the cores.")
    elif num_unpinned:
        sentences.append(f"{num_unpinned} of {num_threads} threads may leave the cores asked for.")
    if num_interop != 1:
        sentences.append(f"Torch keeps {num_interop} inter-op threads rather than 1.")
    return " ".join(sentences) or None
