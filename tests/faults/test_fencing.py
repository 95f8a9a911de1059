"""An attempt that was given up and comes back changes nothing."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from configs.errors import StaleAttemptError
from configs.run_paths import RunPaths
from orchestrator.ledger import Ledger
from orchestrator.metrics import Metrics
from workers.local_store import LocalStore
from workers.points import Point
from workers.records import IntervalRecord, RunId
from workers.seed_run import SeedRun

RUN = RunId("base", 1)


@pytest.fixture
def metrics(tmp_path: Path) -> Metrics:
    """Metrics over a new ledger with one run."""
    paths = RunPaths(tmp_path)
    Ledger.create(paths.ledger_file, runs=(RUN,), clock=time.time).close()
    return Metrics(partial(Ledger.open, paths.ledger_file, clock=time.time), store=LocalStore(paths))


@pytest.fixture
def seed_run(
    tmp_path: Path, tiny_experiment: Callable[..., Any], tiny_corpus: Any, worker_place: Any, one_thread: None
) -> Callable[..., SeedRun]:
    """A function from an attempt's number to that attempt at the run."""

    def make(attempt: int) -> SeedRun:
        return SeedRun(
            tiny_experiment(),
            run=RUN,
            attempt=attempt,
            corpus=tiny_corpus,
            paths=RunPaths(tmp_path),
            place=worker_place,
            clock=time.monotonic,
        )

    return make


def first_record(seed_run: SeedRun) -> IntervalRecord:
    return next(item for item in seed_run if isinstance(item, IntervalRecord))


def test_record_of_an_attempt_that_was_given_up_is_refused_and_nothing_of_it_published(
    tmp_path: Path, metrics: Metrics, seed_run: Callable[..., SeedRun]
) -> None:
    paths = RunPaths(tmp_path)
    given_up = metrics.begin_attempt(RUN, slot="here:0")
    record = first_record(seed_run(given_up))
    staged = paths.staged_dir(paths.checkpoint_dir(RUN.condition, RUN.seed, 0), attempt=given_up)
    assert staged.is_dir()

    metrics.begin_attempt(RUN, slot="here:1")
    with pytest.raises(StaleAttemptError):
        metrics.accept(record, attempt=given_up)

    assert not staged.exists()
    assert not paths.checkpoint_dir(RUN.condition, RUN.seed, 0).exists()
    assert metrics.news(after=0).records == ()


def test_attempt_that_stages_after_it_was_given_up_publishes_nothing(
    tmp_path: Path, metrics: Metrics, seed_run: Callable[..., SeedRun]
) -> None:
    paths = RunPaths(tmp_path)
    given_up = metrics.begin_attempt(RUN, slot="here:0")
    metrics.begin_attempt(RUN, slot="here:1")

    record = first_record(seed_run(given_up))
    with pytest.raises(StaleAttemptError):
        metrics.accept(record, attempt=given_up)

    assert not paths.checkpoint_dir(RUN.condition, RUN.seed, 0).exists()
    assert not paths.resume_dir(RUN.condition, RUN.seed, 0).exists()
    assert metrics.news(after=0).records == ()


def test_attempt_that_was_given_up_leaves_what_its_successor_published(
    tmp_path: Path, metrics: Metrics, seed_run: Callable[..., SeedRun]
) -> None:
    paths = RunPaths(tmp_path)
    weights = paths.weights_file(RUN.condition, RUN.seed, 0)
    given_up = metrics.begin_attempt(RUN, slot="here:0")
    successor = metrics.begin_attempt(RUN, slot="here:1")
    metrics.accept(first_record(seed_run(successor)), attempt=successor)
    before = (weights.read_bytes(), os.stat(weights).st_ino)

    with pytest.raises(StaleAttemptError):
        metrics.accept(first_record(seed_run(given_up)), attempt=given_up)

    assert (weights.read_bytes(), os.stat(weights).st_ino) == before


@pytest.mark.slow
def test_actor_that_falls_silent_is_replaced_and_changes_nothing_when_it_wakes(
    experiment: Callable[..., Any], fault: Callable[..., Any], undisturbed: Callable[..., Any]
) -> None:
    disturbed = experiment("recovery.silence_s=6", "recovery.max_attempts=20")
    freeze = fault("freeze", Point.CHECKPOINT_STAGED, 3)

    running = disturbed.begin(freeze, ray=True)
    flag = Path(freeze["flag"])
    running.wait_until(lambda: flag.exists() and flag.read_text(), what="frozen actor")
    running.wait_for("lost worker", after=len(running.said()))
    frozen = int(flag.read_text())
    with suppress(ProcessLookupError):
        os.kill(frozen, signal.SIGCONT)
    ended = running.wait()
    finished = disturbed.hashes()
    repaired = disturbed.repair()

    assert ended.exit_code == 0, ended.output
    assert not psutil.pid_exists(frozen)
    assert "10 checkpoints are whole" in repaired.output
    assert disturbed.hashes() == finished
    assert disturbed.learning_rows() == undisturbed()
    assert disturbed.leftovers() == []
