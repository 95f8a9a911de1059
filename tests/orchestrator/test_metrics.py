"""The metrics put a record and its checkpoint in place together, and tell whoever reports whether to go on."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from configs.errors import ConflictingRecordError, StaleAttemptError
from configs.run_paths import RunPaths
from orchestrator.ledger import Ledger
from orchestrator.metrics import Directive, Metrics
from workers.local_store import LocalStore
from workers.points import Point
from workers.publication import CheckpointPart
from workers.records import Damage, IntervalRecord, ProgressSample, RunId

RUN = RunId("base", 1)
MakeRecord = Callable[..., IntervalRecord]


@pytest.fixture
def paths(ledger_file: Path) -> RunPaths:
    return RunPaths(ledger_file.parent)


@pytest.fixture
def metrics(paths: RunPaths) -> Metrics:
    return _metrics(paths)


def _metrics(paths: RunPaths, **more: Callable[[Point], None]) -> Metrics:
    return Metrics(partial(Ledger.open, paths.ledger_file, clock=lambda: 1.0), store=LocalStore(paths), **more)


def _stage(paths: RunPaths, *, interval: int, attempt: int) -> None:
    """Both directories that an attempt leaves, each with a file that tells who made it."""
    for final in (paths.checkpoint_dir("base", 1, interval), paths.resume_dir("base", 1, interval)):
        staged = paths.staged_dir(final, attempt=attempt)
        staged.mkdir(parents=True)
        (staged / "who.txt").write_text(f"attempt {attempt}")


def _names(paths: RunPaths) -> list[str]:
    """Every checkpoint and resume state, whatever it is called."""
    return sorted(
        path.parent.relative_to(paths.root).as_posix() for path in paths.root.rglob("who.txt") if path.is_file()
    )


def test_run_goes_on_until_a_stop_is_requested(metrics: Metrics, make_record: MakeRecord) -> None:
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    before = metrics.accept(make_record(0), attempt=attempt)

    metrics.request_stop()

    assert (before, metrics.accept(make_record(1), attempt=attempt)) == (Directive.GO_ON, Directive.STOP)


def test_progress_is_answered_with_the_directive_too(metrics: Metrics) -> None:
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    metrics.request_stop()

    answer = metrics.accept(ProgressSample("base", 1, attempt, 1, 64, 5.0, None), attempt=attempt)

    assert answer is Directive.STOP


def test_record_is_kept_although_the_answer_is_stop(metrics: Metrics, make_record: MakeRecord) -> None:
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    metrics.request_stop()

    metrics.accept(make_record(0), attempt=attempt)

    assert metrics.news(after=0).records == (make_record(0),)


def test_refusal_of_the_ledger_reaches_whoever_reports(metrics: Metrics, make_record: MakeRecord) -> None:
    metrics.begin_attempt(RUN, slot="local:0")
    metrics.begin_attempt(RUN, slot="local:0")

    with pytest.raises(StaleAttemptError):
        metrics.accept(make_record(0), attempt=1)


def test_accepted_record_gives_its_staged_files_their_names(
    metrics: Metrics, paths: RunPaths, make_record: MakeRecord
) -> None:
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    _stage(paths, interval=0, attempt=attempt)

    metrics.accept(make_record(0), attempt=attempt)

    assert _names(paths) == ["checkpoints/base/seed-1/interval-00", "resume/base/seed-1/interval-00"]


def test_record_that_is_accepted_twice_keeps_the_first_files(
    metrics: Metrics, paths: RunPaths, make_record: MakeRecord
) -> None:
    for attempt in (1, 2):
        metrics.begin_attempt(RUN, slot="local:0")
        _stage(paths, interval=0, attempt=attempt)
        metrics.accept(make_record(0, attempt=attempt), attempt=attempt)

    assert _names(paths) == ["checkpoints/base/seed-1/interval-00", "resume/base/seed-1/interval-00"]
    assert (paths.checkpoint_dir("base", 1, 0) / "who.txt").read_text() == "attempt 1"


def test_refused_record_publishes_nothing(metrics: Metrics, paths: RunPaths, make_record: MakeRecord) -> None:
    metrics.accept(make_record(0), attempt=metrics.begin_attempt(RUN, slot="local:0"))
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    _stage(paths, interval=0, attempt=attempt)

    with pytest.raises(ConflictingRecordError):
        metrics.accept(make_record(0, val_loss=1.0), attempt=attempt)

    assert _names(paths) == [
        "checkpoints/base/seed-1/.interval-00.attempt-2",
        "resume/base/seed-1/.interval-00.attempt-2",
    ]


def test_attempt_that_was_given_up_publishes_nothing(
    metrics: Metrics, paths: RunPaths, make_record: MakeRecord
) -> None:
    metrics.begin_attempt(RUN, slot="local:0")
    metrics.begin_attempt(RUN, slot="local:1")
    _stage(paths, interval=0, attempt=1)

    with pytest.raises(StaleAttemptError):
        metrics.accept(make_record(0), attempt=1)

    assert not paths.checkpoint_dir("base", 1, 0).exists()


def test_new_attempt_removes_what_older_ones_staged_and_nothing_else(
    metrics: Metrics, paths: RunPaths, make_record: MakeRecord
) -> None:
    first = metrics.begin_attempt(RUN, slot="local:0")
    _stage(paths, interval=0, attempt=first)
    metrics.accept(make_record(0), attempt=first)
    _stage(paths, interval=1, attempt=first)

    metrics.begin_attempt(RUN, slot="local:0")

    assert _names(paths) == ["checkpoints/base/seed-1/interval-00", "resume/base/seed-1/interval-00"]


def test_two_newest_resume_states_and_every_checkpoint_are_kept(
    metrics: Metrics, paths: RunPaths, make_record: MakeRecord
) -> None:
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    for interval in range(4):
        _stage(paths, interval=interval, attempt=attempt)
        metrics.accept(make_record(interval), attempt=attempt)

    assert _names(paths) == [
        *(f"checkpoints/base/seed-1/interval-0{interval}" for interval in range(4)),
        *(f"resume/base/seed-1/interval-0{interval}" for interval in (2, 3)),
    ]


def test_full_disk_while_publishing_keeps_no_record_and_the_same_attempt_may_try_again(
    paths: RunPaths, make_record: MakeRecord
) -> None:
    is_full = True

    def reach(point: Point) -> None:
        if is_full and point is Point.RESUME_PUBLISHED:
            raise OSError(28, "No space left on device")

    metrics = _metrics(paths, reach=reach)
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    _stage(paths, interval=0, attempt=attempt)
    with pytest.raises(OSError, match="No space left"):
        metrics.accept(make_record(0), attempt=attempt)
    refused = (metrics.news(after=0).records, paths.checkpoint_dir("base", 1, 0).exists())
    is_full = False

    metrics.accept(make_record(0), attempt=attempt)

    assert refused == ((), False)
    assert metrics.news(after=0).records == (make_record(0),)
    assert _names(paths) == ["checkpoints/base/seed-1/interval-00", "resume/base/seed-1/interval-00"]


@pytest.mark.parametrize("part", CheckpointPart)
def test_damaged_directory_is_set_aside_kept_and_told(
    metrics: Metrics, paths: RunPaths, make_record: MakeRecord, part: CheckpointPart
) -> None:
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    _stage(paths, interval=1, attempt=attempt)
    metrics.accept(make_record(1), attempt=attempt)

    answer = metrics.accept(Damage(RUN, attempt, 1, part, "its sums differ"), attempt=attempt)

    room = "checkpoints" if part is CheckpointPart.CHECKPOINT else "resume"
    assert answer is Directive.GO_ON
    assert f"{room}/base/seed-1/interval-01.damaged-1" in _names(paths)
    assert f"{room}/base/seed-1/interval-01" not in _names(paths)
    assert metrics.news(after=0).notices == (
        f"base/seed-1: the {part} of interval 1 is damaged (its sums differ); it is kept as interval-01.damaged-1.",
    )


def test_attempt_that_was_given_up_sets_nothing_aside(
    metrics: Metrics, paths: RunPaths, make_record: MakeRecord
) -> None:
    attempt = metrics.begin_attempt(RUN, slot="local:0")
    _stage(paths, interval=0, attempt=attempt)
    metrics.accept(make_record(0), attempt=attempt)
    metrics.begin_attempt(RUN, slot="local:0")

    with pytest.raises(StaleAttemptError):
        metrics.accept(Damage(RUN, 1, 0, CheckpointPart.CHECKPOINT, "its sums differ"), attempt=1)

    assert paths.checkpoint_dir("base", 1, 0).is_dir()


def test_run_is_told_where_keeping_its_record_is(paths: RunPaths, make_record: MakeRecord) -> None:
    reached: list[Point] = []
    metrics = _metrics(paths, reach=reached.append)

    metrics.accept(make_record(0), attempt=metrics.begin_attempt(RUN, slot="local:0"))

    assert reached == [
        Point.RECORD_CHECKED,
        Point.RESUME_PUBLISHED,
        Point.CHECKPOINT_PUBLISHED,
        Point.COMMITTING,
        Point.COMMITTED,
    ]
