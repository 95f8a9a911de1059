"""Run the tasks of a probe in this process; what any executor of probes must do."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import final

from configs.errors import CheckpointError
from orchestrator.probes.task import ProbeTask, TaskOutcome
from orchestrator.stop_signal import StopRequest

__all__ = ["AbstractProbeExecutor", "InlineProbeExecutor", "failure_of"]

_LOOK_EVERY_S = 0.5
"""How soon a request to stop is heard."""


class AbstractProbeExecutor(ABC):
    """Runs tasks and tells how each ended."""

    @abstractmethod
    def run(self, tasks: Sequence[ProbeTask], *, stop: StopRequest) -> Iterator[TaskOutcome]:
        """Run every task once, in any order; after a request to stop no further one is begun. May be called again.

        A checkpoint that cannot be read is the outcome of its task; every other error is raised.
        """


@final
class InlineProbeExecutor(AbstractProbeExecutor):
    """This very process: as many tasks at once as its cores allow, each in a thread of its own.

    Args:
        num_tasks_at_once: Threads of Python; they hardly meet, since torch works outside of the interpreter's lock.
        threads_per_task: Threads of one torch operator. One is best: the operators are short.
    """

    def __init__(self, *, num_tasks_at_once: int, threads_per_task: int) -> None:
        self._num_tasks_at_once = num_tasks_at_once
        self._threads_per_task = threads_per_task

    def run(self, tasks: Sequence[ProbeTask], *, stop: StopRequest) -> Iterator[TaskOutcome]:
        """See the base class."""
        waiting = list(reversed(tasks))
        running: set[Future[TaskOutcome]] = set()
        with ThreadPoolExecutor(self._num_tasks_at_once) as pool:
            while running or (waiting and not stop.is_made):
                while waiting and len(running) < self._num_tasks_at_once and not stop.is_made:
                    running.add(pool.submit(_run_timed, waiting.pop(), num_threads=self._threads_per_task))
                ended, running = wait(running, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield future.result()


def _run_timed(task: ProbeTask, *, num_threads: int) -> TaskOutcome:
    started_s = time.monotonic()
    failure = failure_of(task, num_threads=num_threads)
    return TaskOutcome(task, time.monotonic() - started_s, failure)


def failure_of(task: ProbeTask, *, num_threads: int) -> str:
    """Run a task; why it could not be done, or nothing."""
    try:
        task.function(task.argument, num_threads=num_threads)
    except CheckpointError as error:
        return str(error)
    return ""
