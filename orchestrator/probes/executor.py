"""Run the tasks of a probe one after another in this process; what any executor of probes must do."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import final

from configs.errors import CheckpointError
from orchestrator.probes.task import ProbeTask, TaskOutcome
from orchestrator.stop_signal import StopRequest

__all__ = ["AbstractProbeExecutor", "InlineProbeExecutor", "failure_of"]


class AbstractProbeExecutor(ABC):
    """Runs tasks and tells how each ended."""

    @abstractmethod
    def run(self, tasks: Sequence[ProbeTask], *, stop: StopRequest) -> Iterator[TaskOutcome]:
        """Run every task once, in any order; after a request to stop no further one is begun.

        A checkpoint that cannot be read is the outcome of its task; every other error is raised.
        """


@final
class InlineProbeExecutor(AbstractProbeExecutor):
    """This very process, with all its cores for one task at a time."""

    def __init__(self, *, num_threads: int) -> None:
        self._num_threads = num_threads

    def run(self, tasks: Sequence[ProbeTask], *, stop: StopRequest) -> Iterator[TaskOutcome]:
        """See the base class."""
        for task in tasks:
            if stop.is_made:
                return
            started_s = time.monotonic()
            failure = failure_of(task, num_threads=self._num_threads)
            yield TaskOutcome(task, time.monotonic() - started_s, failure)


def failure_of(task: ProbeTask, *, num_threads: int) -> str:
    """Run a task; why it could not be done, or nothing."""
    try:
        task.function(task.argument, num_threads=num_threads)
    except CheckpointError as error:
        return str(error)
    return ""
