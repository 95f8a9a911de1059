"""What happens to a process that reaches a named point: it is killed, frozen, slowed down, or its disk fills up."""

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from workers.points import Point


class Action(StrEnum):
    """Everything but `SLEEP` happens once, however many processes come by."""

    KILL = "kill"
    FREEZE = "freeze"
    FILL_DISK = "fill disk"
    SLEEP = "sleep"


@dataclass(frozen=True)
class Fault:
    """One fault.

    Args:
        action: What happens.
        point: Where.
        occurrence: At which time that this process comes by, counted from 1; 0 is every time.
        since: The count begins anew whenever the process is here.
        flag: A file that is made just before; while it exists nothing more happens. Empty for a fault that comes back.
        seconds: Of a sleep.
        filler: The file that fills the disk.
        room_bytes: What it leaves.
    """

    action: Action
    point: Point
    occurrence: int = 1
    since: Point | None = None
    flag: str = ""
    seconds: float = 0.0
    filler: str = ""
    room_bytes: int = 0

    def strike(self) -> None:
        if self.flag and not _make(self.flag, content=f"{os.getpid()}"):
            return
        match self.action:
            case Action.KILL:
                os.kill(os.getpid(), signal.SIGKILL)
            case Action.FREEZE:
                os.kill(os.getpid(), signal.SIGSTOP)
            case Action.SLEEP:
                time.sleep(self.seconds)
            case Action.FILL_DISK:
                _fill(self.filler, room_bytes=self.room_bytes)


class Reached:
    """Given to an experiment as its `reach`; travels into every process, and counts for each on its own."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self._faults = faults
        self._counts = [0] * len(faults)

    def __call__(self, point: Point) -> None:
        for index, fault in enumerate(self._faults):
            if point is fault.since:
                self._counts[index] = 0
            if point is fault.point:
                self._counts[index] += 1
                if fault.occurrence in (0, self._counts[index]):
                    fault.strike()


def faults_from_json(text: str) -> tuple[Fault, ...]:
    """The faults that `faults_as_json` wrote."""
    return tuple(
        Fault(
            **(
                values
                | {
                    "action": Action(values["action"]),
                    "point": Point(values["point"]),
                    "since": Point(values["since"]) if values["since"] else None,
                }
            )
        )
        for values in json.loads(text)
    )


def _make(flag: str, *, content: str) -> bool:
    try:
        descriptor = os.open(flag, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        return False
    os.write(descriptor, content.encode())
    os.close(descriptor)
    return True


def _fill(filler: str, *, room_bytes: int) -> None:
    with Path(filler).open("ab", buffering=0) as file:
        for size in (2**16, 2**12, 1):
            with suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass
        file.truncate(file.seek(0, os.SEEK_END) - room_bytes)
