"""Gather the tasks that share a stack until they can be started together."""

from collections.abc import Iterator
from typing import final

from orchestrator.seed_worker import RunTask

__all__ = ["WaitingTasks"]


@final
class WaitingTasks:
    """Tasks that were handed over and not started yet; the controller fills all free places before it waits."""

    def __init__(self) -> None:
        self._tasks: list[RunTask] = []

    def add(self, task: RunTask) -> None:
        """Keep a task until its stack is taken."""
        self._tasks.append(task)

    def remove(self, task: RunTask) -> None:
        """Forget a task that was given up before it began."""
        self._tasks.remove(task)

    def __iter__(self) -> Iterator[RunTask]:
        return iter(self._tasks)

    def take_all(self) -> tuple[tuple[RunTask, ...], ...]:
        """All tasks, those together that have one condition and the same cores or GPU; none is left."""
        stacks: dict[tuple[object, ...], list[RunTask]] = {}
        for task in self._tasks:
            slot = task.slot
            stacks.setdefault((task.run.condition, slot.node, slot.cores, slot.gpu), []).append(task)
        self._tasks = []
        return tuple(map(tuple, stacks.values()))
