"""The metrics actor, as its callers in other processes see it."""

import time
from collections.abc import Callable
from typing import Any, final

import ray

from configs.errors import UnreachableError
from orchestrator.ledger_schema import News
from orchestrator.metrics import AbstractMetrics, Directive
from orchestrator.run_state import RunState
from workers.records import Outcome, Report, RunId

__all__ = ["RemoteMetrics"]

_PATIENCE_S = 60.0
_ANSWER_TIMEOUT_S = 30.0  # a commit waits for the disk
_PAUSE_S = 0.2


@final
class RemoteMetrics(AbstractMetrics):
    """Asks the metrics actor, and asks its successor if it died; every call may be repeated without harm.

    Args:
        find: Gives a handle of the living actor, or raises ValueError while there is none.
    """

    def __init__(self, find: Callable[[], Any]) -> None:  # Any: Ray's handles are untyped
        self._find = find
        self._actor: Any = None

    def begin_attempt(self, run: RunId, *, slot: str) -> int:
        """See the base class."""
        return int(self._call("begin_attempt", run, slot=slot))

    def accept(self, report: Report, *, attempt: int) -> Directive:
        """See the base class."""
        return Directive(self._call("accept", report, attempt=attempt))

    def end_attempt(self, outcome: Outcome, *, state: RunState) -> None:
        """See the base class."""
        self._call("end_attempt", outcome, state=state)

    def add_notice(self, message: str) -> None:
        """See the base class."""
        self._call("add_notice", message)

    def request_stop(self) -> None:
        """See the base class."""
        self._call("request_stop")

    def news(self, *, after: int) -> News:
        """See the base class."""
        news: News = self._call("news", after=after)
        return news

    def close(self) -> None:
        """Have the actor release the ledger."""
        self._call("close")

    def __reduce__(self) -> tuple[type["RemoteMetrics"], tuple[Callable[[], Any]]]:
        return (RemoteMetrics, (self._find,))

    def _call(self, method: str, *arguments: object, **named: object) -> Any:
        ends_s = time.monotonic() + _PATIENCE_S
        while True:
            try:
                if self._actor is None:
                    self._actor = self._find()
                return ray.get(getattr(self._actor, method).remote(*arguments, **named), timeout=_ANSWER_TIMEOUT_S)
            except ray.exceptions.RayTaskError as error:
                # The actor lives and has refused; what it raised is what the caller must see.
                raise error.cause from error
            except (ray.exceptions.RayActorError, ray.exceptions.GetTimeoutError, ValueError) as error:
                self._actor = None
                if time.monotonic() > ends_s:
                    raise UnreachableError(
                        "the process that keeps the ledger does not answer any more; go on with `seedscope resume`"
                    ) from error
                time.sleep(_PAUSE_S)
