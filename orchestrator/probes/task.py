"""One piece of a probe: a function of a worker, what it is given, and what it writes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.probes.array_files import is_current

__all__ = ["Output", "ProbeTask", "TaskOutcome"]


@dataclass(frozen=True, slots=True)
class Output:
    """A file and the fingerprint that it has once it is done."""

    file: Path
    fingerprint: str

    @property
    def is_current(self) -> bool:
        """Whether the file holds just this already."""
        return is_current(self.file, fingerprint=self.fingerprint)


@dataclass(frozen=True, slots=True)
class ProbeTask:
    """Work that can be sent to another process, and left out where its outputs are there."""

    name: str
    """For the reader, such as `small, interval 7 (step 512)`."""
    function: Callable[..., None]
    """Called as `function(argument, num_threads=...)`; stands at the top of a module, so that it can be sent."""
    argument: Any  # Any: whatever `function` takes
    outputs: tuple[Output, ...]
    is_last: bool = False
    """Whether it reads what others write, and so begins when all that are not last have ended."""

    @property
    def is_done(self) -> bool:
        """Whether every output is there and current."""
        return all(output.is_current for output in self.outputs)


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """How a task ended."""

    task: ProbeTask
    elapsed_s: float
    failure: str = ""
    """Why it wrote nothing; empty where it did."""
