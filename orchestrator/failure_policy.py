"""Decide what follows when an attempt fails."""

from dataclasses import dataclass
from enum import StrEnum
from typing import final

from configs.recovery import RecoveryConfig
from workers.records import FailureCause, SeedFailure

__all__ = ["FailureDecision", "FailurePolicy", "Verdict"]

_LONGEST_BACKOFF_S = 60.0
_MOST_DOUBLINGS = 60


class FailureDecision(StrEnum):
    """What the controller does next."""

    RETRY = "retry from the newest interval"
    FAIL_RUN = "give this run up and let the others finish"
    PAUSE = "stop every run where it can be resumed"
    ABORT = "stop at once"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision with its sentence."""

    decision: FailureDecision
    reason: str
    """For the reader: what happened and what follows."""
    backoff_s: float = 0.0
    """Seconds to wait before a retry."""


@final
class FailurePolicy:
    """A rule for each cause.

    A lost worker and a lack of memory may pass, so they are tried again, later each time, until too many attempts in a
    row brought no new interval. So may a network between a run and its checkpoints, but when it does not, every run
    meets it. Training is deterministic, so a loss that is not finite would be so again. A full disk
    concerns every run. A defect makes every further result doubtful.
    """

    def __init__(self, config: RecoveryConfig) -> None:
        self._config = config

    def decide(self, failure: SeedFailure, *, num_failures: int) -> Verdict:
        """What follows.

        Args:
            failure: How the attempt ended.
            num_failures: Attempts of this run in a row, this one included, that failed without a new interval.
        """
        message = failure.message.rstrip(".")
        said = f"{failure.run} attempt {failure.attempt}: {failure.cause} ({failure.kind}: {message})"
        match failure.cause:
            case FailureCause.LOST_WORKER | FailureCause.OUT_OF_MEMORY:
                return self._retry_or_fail(failure, said=said, num_failures=num_failures)
            case FailureCause.STORAGE if num_failures >= self._config.max_attempts:
                return Verdict(
                    FailureDecision.PAUSE, f"{said}; the experiment pauses. Resume it once they can be reached again."
                )
            case FailureCause.STORAGE:
                return self._retry(said, num_failures=num_failures)
            case FailureCause.NON_FINITE:
                return Verdict(
                    FailureDecision.FAIL_RUN, f"{failure.run} is given up: training would meet the same loss again."
                )
            case FailureCause.DISK_FULL:
                return Verdict(FailureDecision.PAUSE, f"{said}; the experiment pauses. Make room, then resume it.")
            case FailureCause.DEFECT:
                return Verdict(FailureDecision.ABORT, f"{said}; the experiment stops at once.")

    def _retry_or_fail(self, failure: SeedFailure, *, said: str, num_failures: int) -> Verdict:
        if num_failures >= self._config.max_attempts:
            return Verdict(
                FailureDecision.FAIL_RUN,
                f"{failure.run} is given up: {num_failures} attempts in a row brought no new interval.",
            )
        return self._retry(said, num_failures=num_failures)

    def _retry(self, said: str, *, num_failures: int) -> Verdict:
        backoff_s = min(_LONGEST_BACKOFF_S, self._config.backoff_s * 2.0 ** min(num_failures - 1, _MOST_DOUBLINGS))
        return Verdict(
            FailureDecision.RETRY, f"{said}; it goes on from its newest interval in {backoff_s:g} s.", backoff_s
        )
