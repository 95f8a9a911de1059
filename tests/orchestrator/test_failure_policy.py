"""Every cause of a failure has its decision, and patience has a bound."""

import pytest

from configs.recovery import RecoveryConfig
from orchestrator.failure_policy import FailureDecision, FailurePolicy
from workers.records import FailureCause, RunId, SeedFailure

DECISIONS = {
    FailureCause.LOST_WORKER: FailureDecision.RETRY,
    FailureCause.OUT_OF_MEMORY: FailureDecision.RETRY,
    FailureCause.NON_FINITE: FailureDecision.FAIL_RUN,
    FailureCause.DISK_FULL: FailureDecision.PAUSE,
    FailureCause.STORAGE: FailureDecision.RETRY,
    FailureCause.DEFECT: FailureDecision.ABORT,
}
MAY_PASS = [FailureCause.LOST_WORKER, FailureCause.OUT_OF_MEMORY]


def _failure(cause: FailureCause) -> SeedFailure:
    return SeedFailure(RunId("base", 7), 3, cause, "SomeError", "so it went", "Traceback", 12)


def test_every_cause_has_a_decision() -> None:
    assert DECISIONS.keys() == set(FailureCause)


@pytest.mark.parametrize(("cause", "decision"), DECISIONS.items())
def test_first_failure_is_decided_by_its_cause(cause: FailureCause, decision: FailureDecision) -> None:
    verdict = FailurePolicy(RecoveryConfig()).decide(_failure(cause), num_failures=1)

    assert verdict.decision is decision


@pytest.mark.parametrize(
    "cause", [cause for cause, decision in DECISIONS.items() if decision is not FailureDecision.FAIL_RUN]
)
def test_reason_names_run_attempt_cause_and_error(cause: FailureCause) -> None:
    verdict = FailurePolicy(RecoveryConfig()).decide(_failure(cause), num_failures=1)

    assert verdict.reason.startswith(f"base/seed-7 attempt 3: {cause} (SomeError: so it went); ")
    assert verdict.reason.endswith(".")


@pytest.mark.parametrize(
    ("cause", "num_failures", "reason"),
    [
        (FailureCause.NON_FINITE, 1, "base/seed-7 is given up: training would meet the same loss again."),
        (FailureCause.LOST_WORKER, 4, "base/seed-7 is given up: 4 attempts in a row brought no new interval."),
    ],
)
def test_run_that_is_given_up_is_named_with_the_reason(cause: FailureCause, num_failures: int, reason: str) -> None:
    # The error itself is told where the run's end is told.
    assert FailurePolicy(RecoveryConfig()).decide(_failure(cause), num_failures=num_failures).reason == reason


@pytest.mark.parametrize("cause", MAY_PASS)
@pytest.mark.parametrize("max_attempts", [1, 2, 4, 9])
def test_run_is_given_up_with_the_last_attempt_allowed(cause: FailureCause, max_attempts: int) -> None:
    policy = FailurePolicy(RecoveryConfig(max_attempts=max_attempts))

    decisions = [policy.decide(_failure(cause), num_failures=count).decision for count in range(1, max_attempts + 1)]

    assert decisions == [FailureDecision.RETRY] * (max_attempts - 1) + [FailureDecision.FAIL_RUN]


def test_checkpoints_that_stay_out_of_reach_pause_the_experiment_for_every_run_would_miss_them() -> None:
    policy = FailurePolicy(RecoveryConfig(max_attempts=3))

    decisions = [policy.decide(_failure(FailureCause.STORAGE), num_failures=count).decision for count in range(1, 5)]

    assert decisions == [FailureDecision.RETRY] * 2 + [FailureDecision.PAUSE] * 2


def test_attempts_are_bounded_by_default() -> None:
    policy = FailurePolicy(RecoveryConfig())

    decisions = [policy.decide(_failure(FailureCause.LOST_WORKER), num_failures=count).decision for count in (3, 4)]

    assert decisions == [FailureDecision.RETRY, FailureDecision.FAIL_RUN]


def test_backoff_doubles_up_to_a_minute() -> None:
    policy = FailurePolicy(RecoveryConfig(max_attempts=100, backoff_s=1.5))

    backoffs_s = [
        policy.decide(_failure(FailureCause.LOST_WORKER), num_failures=count).backoff_s for count in range(1, 9)
    ]

    assert backoffs_s == [1.5, 3.0, 6.0, 12.0, 24.0, 48.0, 60.0, 60.0]


@pytest.mark.parametrize(("backoff_s", "num_failures", "expected_s"), [(0.0, 9, 0.0), (600.0, 1, 60.0)])
def test_backoff_stays_within_its_bounds(backoff_s: float, num_failures: int, expected_s: float) -> None:
    policy = FailurePolicy(RecoveryConfig(max_attempts=100, backoff_s=backoff_s))

    assert policy.decide(_failure(FailureCause.LOST_WORKER), num_failures=num_failures).backoff_s == expected_s


def test_backoff_stays_within_its_bounds_after_a_thousand_failures() -> None:
    policy = FailurePolicy(RecoveryConfig(max_attempts=5000, backoff_s=1.0))

    assert policy.decide(_failure(FailureCause.OUT_OF_MEMORY), num_failures=2000).backoff_s == 60.0


@pytest.mark.parametrize(
    "cause", [cause for cause, decision in DECISIONS.items() if decision is not FailureDecision.RETRY]
)
def test_other_causes_are_decided_alike_however_often_they_come(cause: FailureCause) -> None:
    policy = FailurePolicy(RecoveryConfig())

    verdicts = {policy.decide(_failure(cause), num_failures=count) for count in (1, 4, 100)}

    assert len(verdicts) == 1
