"""The runs that wait for a slot, some of them until a certain time."""

from collections.abc import Iterable
from typing import final

from workers.records import RunId

__all__ = ["RunQueue"]


@final
class RunQueue:
    """First come, first served, except that a run to be tried again waits for its time."""

    def __init__(self, runs: Iterable[RunId]) -> None:
        self._not_before_s = dict.fromkeys(runs, float("-inf"))

    def __len__(self) -> int:
        return len(self._not_before_s)

    def add(self, run: RunId, *, not_before_s: float) -> None:
        """Put a run at the end; it is not due before `not_before_s` on the caller's clock."""
        self._not_before_s[run] = not_before_s

    def peek(self, *, now_s: float) -> RunId | None:
        """The first run that is due; None if none is."""
        return next((run for run, not_before_s in self._not_before_s.items() if not_before_s <= now_s), None)

    def remove(self, run: RunId) -> None:
        """Take a run out."""
        del self._not_before_s[run]
