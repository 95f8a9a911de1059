"""The metrics tell whoever reports whether to go on."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from configs.errors import StaleAttemptError
from orchestrator.ledger import Ledger
from orchestrator.metrics import Directive, Metrics
from workers.records import IntervalRecord, ProgressSample, RunId

RUN = RunId("base", 1)


@pytest.fixture
def metrics(ledger_file: Path) -> Metrics:
    return Metrics(partial(Ledger.open, ledger_file, clock=lambda: 1.0))


def test_run_goes_on_until_a_stop_is_requested(metrics: Metrics, make_record: Callable[..., IntervalRecord]) -> None:
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    before = metrics.accept(make_record(0), attempt=attempt)

    metrics.request_stop()

    assert (before, metrics.accept(make_record(1), attempt=attempt)) == (Directive.GO_ON, Directive.STOP)


def test_progress_is_answered_with_the_directive_too(metrics: Metrics) -> None:
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    metrics.request_stop()

    answer = metrics.accept(ProgressSample("base", 1, attempt, 1, 64, 5.0, None), attempt=attempt)

    assert answer is Directive.STOP


def test_record_is_kept_although_the_answer_is_stop(
    metrics: Metrics, make_record: Callable[..., IntervalRecord]
) -> None:
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    metrics.request_stop()

    metrics.accept(make_record(0), attempt=attempt)

    assert metrics.news(after=0).records == (make_record(0),)


def test_refusal_of_the_ledger_reaches_whoever_reports(
    metrics: Metrics, make_record: Callable[..., IntervalRecord]
) -> None:
    metrics.begin_attempt(RUN, slot="local:0")
    metrics.begin_attempt(RUN, slot="local:0")

    with pytest.raises(StaleAttemptError):
        metrics.accept(make_record(0), attempt=1)
