"""Whoever reports from afar meets the same answers and errors, and a successor if the metrics actor died."""

import os
import pickle
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from configs.errors import ConflictingRecordError, StaleAttemptError, UnreachableError
from configs.run_paths import RunPaths
from orchestrator.metrics import Directive
from orchestrator.run_state import RunState
from workers.failure_cause import cause_of
from workers.local_store import LocalStore
from workers.points import Reach, pass_by
from workers.records import Completed, FailureCause, IntervalRecord, RunId

if TYPE_CHECKING:
    from orchestrator.remote_metrics import RemoteMetrics

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("local_ray")]

RUN = RunId("base", 1)
MakeRecord = Callable[..., IntervalRecord]


def _metrics(find: Callable[[], Any]) -> "RemoteMetrics":
    # What imports Ray is imported once it was told of its token, which it never reads again.
    from orchestrator.remote_metrics import RemoteMetrics

    return RemoteMetrics(find)


def _host(ledger_file: Path, reach: Reach = pass_by) -> Any:
    from orchestrator.ray_executor import _MetricsHost

    paths = RunPaths(ledger_file.parent)
    return _MetricsHost(paths, store=LocalStore(paths), reach=reach)


class NoSuccessorYet:
    """Finds the actor only at the third time, as while a name still belongs to one that died."""

    def __init__(self, find: Callable[[], Any]) -> None:
        self.num_asked = 0
        self._find = find

    def __call__(self) -> Any:
        self.num_asked += 1
        if self.num_asked < 3:
            raise ValueError("there is no such actor")
        return self._find()


@pytest.fixture
def host(ledger_file: Path) -> Iterator[Any]:
    """Starts the metrics actor of the ledger under test when it is asked for, and again if it died."""
    host = _host(ledger_file)
    yield host
    host.close()


@pytest.fixture
def metrics(host: Any) -> "RemoteMetrics":
    return _metrics(host.find_or_start)


def _kill(host: Any) -> None:
    """End the actor's process as the kernel does when memory is short."""
    import psutil

    pids = [
        process.pid
        for process in psutil.Process(os.getpid()).children(recursive=True)
        if process.name().startswith("ray::Metrics")
    ]
    assert len(pids) == 1, pids
    os.kill(pids[0], signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pids[0])] if psutil.pid_exists(pids[0]) else [], timeout=10)


def test_answers_are_those_of_the_metrics(metrics: "RemoteMetrics", make_record: MakeRecord) -> None:
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    before = metrics.accept(make_record(0), attempt=attempt)
    metrics.add_notice("Node a is gone.")
    metrics.request_stop()
    after = metrics.accept(make_record(1), attempt=attempt)
    metrics.end_attempt(Completed(RUN, attempt, "b" * 64), state=RunState.COMPLETED)

    news = metrics.news(after=0)
    assert (attempt, before, after) == (1, Directive.GO_ON, Directive.STOP)
    assert (news.records, news.notices) == ((make_record(0), make_record(1)), ("Node a is gone.",))
    assert {row.run: row.state for row in news.runs}[RUN] is RunState.COMPLETED


def test_refusal_arrives_as_itself_and_not_as_one_of_ray(metrics: "RemoteMetrics", make_record: MakeRecord) -> None:
    metrics.begin_attempt(RUN, slot="local:0")
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    metrics.accept(make_record(0), attempt=attempt)

    with pytest.raises(StaleAttemptError) as stale:
        metrics.accept(make_record(1), attempt=1)
    with pytest.raises(ConflictingRecordError) as conflict:
        metrics.accept(make_record(0, val_loss=1.0), attempt=attempt)

    assert (type(stale.value), type(conflict.value)) == (StaleAttemptError, ConflictingRecordError)
    assert str(stale.value) == "attempt 1 at base/seed-1 was given up; attempt 2 goes on"


def test_full_disk_is_still_a_full_disk_on_arrival(ledger_file: Path, make_record: MakeRecord) -> None:
    # Whatever the actor reaches, it writes to a device that is always full.
    host = _host(ledger_file, Path("/dev/full").write_text)
    metrics = _metrics(host.find_or_start)
    attempt = metrics.begin_attempt(RUN, slot="local:0")

    with pytest.raises(OSError, match="No space left on device") as failure:
        metrics.accept(make_record(0), attempt=attempt)

    records = metrics.news(after=0).records
    host.close()
    assert (cause_of(failure.value), records) == (FailureCause.DISK_FULL, ())


def test_actor_that_is_killed_has_a_successor_that_knows_everything(
    host: Any, metrics: "RemoteMetrics", make_record: MakeRecord
) -> None:
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    metrics.accept(make_record(0), attempt=attempt)

    _kill(host)
    answer = metrics.accept(make_record(1), attempt=attempt)

    assert answer is Directive.GO_ON
    assert metrics.news(after=0).records == (make_record(0), make_record(1))


def test_record_said_again_to_the_successor_changes_nothing(
    host: Any, metrics: "RemoteMetrics", make_record: MakeRecord
) -> None:
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    metrics.accept(make_record(0), attempt=attempt)

    _kill(host)
    metrics.accept(make_record(0), attempt=attempt)

    assert metrics.news(after=0).records == (make_record(0),)


def test_worker_waits_for_a_successor_that_another_starts(
    host: Any, metrics: "RemoteMetrics", make_record: MakeRecord
) -> None:
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    slow = NoSuccessorYet(host.find_or_start)

    answer = _metrics(slow).accept(make_record(0), attempt=attempt)

    assert (answer, slow.num_asked) == (Directive.GO_ON, 3)


def test_metrics_sent_to_a_worker_find_the_same_actor(
    host: Any, metrics: "RemoteMetrics", make_record: MakeRecord
) -> None:
    from ray import cloudpickle

    attempt = metrics.begin_attempt(RUN, slot="local:0")

    sent = pickle.loads(cloudpickle.dumps(host.remote_metrics()))
    sent.accept(make_record(0), attempt=attempt)

    assert metrics.news(after=0).records == (make_record(0),)


def test_nobody_waits_for_ever(
    ledger_file: Path, metrics: "RemoteMetrics", monkeypatch: pytest.MonkeyPatch, make_record: MakeRecord
) -> None:
    monkeypatch.setattr("orchestrator.remote_metrics._PATIENCE_S", 1.0)

    def find() -> Any:
        raise ValueError("there is no such actor")

    began_s = time.monotonic()
    with pytest.raises(UnreachableError, match="does not answer any more; go on with `seedscope resume`"):
        _metrics(find).news(after=0)

    assert time.monotonic() - began_s < 20.0


def test_closed_metrics_leave_one_file(host: Any, metrics: "RemoteMetrics", ledger_file: Path) -> None:
    metrics.begin_attempt(RUN, slot="local:0")

    host.close()

    assert [path.name for path in ledger_file.parent.iterdir()] == ["ledger.sqlite"]
