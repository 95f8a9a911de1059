"""What happened in an experiment, one frozen value per event."""

import math
import re
from dataclasses import asdict, dataclass
from typing import Any

from workers.records import IntervalRecord, RunId

__all__ = [
    "Event",
    "ExperimentFinished",
    "ExperimentStarted",
    "IntervalDone",
    "RunCompleted",
    "RunFailed",
    "RunStarted",
    "RunStopped",
    "Warned",
    "event_to_dict",
]


@dataclass(frozen=True, slots=True)
class ExperimentStarted:
    """The plan stands and the first runs are about to start."""

    name: str
    run_dir: str
    num_runs: int
    num_intervals: int
    """Intervals of one run, interval 0 included; the largest where conditions differ."""
    num_slots: int


@dataclass(frozen=True, slots=True)
class RunStarted:
    """An attempt at a run has a slot."""

    run: RunId
    attempt: int
    slot: str


@dataclass(frozen=True, slots=True)
class IntervalDone:
    """A record and its checkpoint are durable."""

    record: IntervalRecord

    @property
    def run(self) -> RunId:
        """Whose it is."""
        return self.record.run


@dataclass(frozen=True, slots=True)
class RunCompleted:
    """A run reached its last interval."""

    run: RunId
    attempt: int


@dataclass(frozen=True, slots=True)
class RunFailed:
    """An attempt ended with an error; another attempt may follow."""

    run: RunId
    attempt: int
    kind: str
    """The class of the error, such as `NonFiniteLossError`."""
    message: str


@dataclass(frozen=True, slots=True)
class RunStopped:
    """A run was asked to stop and did so; it can be resumed."""

    run: RunId
    attempt: int
    step: int


@dataclass(frozen=True, slots=True)
class ExperimentFinished:
    """No run will change any more."""

    name: str
    run_dir: str
    exit_code: int
    num_rows: int
    """Rows of the table."""
    num_expected_rows: int
    """Rows of the table of a complete experiment."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that the reader should know and that stops nothing."""

    message: str


Event = (
    ExperimentStarted | RunStarted | IntervalDone | RunCompleted | RunFailed | RunStopped | ExperimentFinished | Warned
)


def event_to_dict(event: Event) -> dict[str, Any]:
    """A strict-JSON-ready dictionary: `event` names the kind, a run is `condition` and `seed`, keys are sorted.

    Args:
        event: What happened. An `IntervalDone` becomes its record's fields.

    Returns:
        Plain values by sorted key; a float that is not finite is None.
    """
    values = event.record.to_dict() if isinstance(event, IntervalDone) else asdict(event)
    run = values.pop("run", {})
    values = values | run | {"event": _name(event)}
    return {key: _strict(values[key]) for key in sorted(values)}


def _name(event: Event) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()


def _strict(value: Any) -> Any:  # Any: whatever the fields of the events hold.
    return None if isinstance(value, float) and not math.isfinite(value) else value
