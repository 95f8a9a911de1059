"""Intervals to write and to read back, ways to damage them, and the tiny experiment from start to end."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from configs.experiment import ExperimentConfig
from configs.run_paths import RunPaths
from workers.points import Reach, pass_by
from workers.publication import CheckpointPart, publish_interval, set_aside
from workers.records import Damage, IntervalRecord, Outcome, Report, RunId

if TYPE_CHECKING:
    from workers.checkpoint import CheckpointDirectory, Inspection
    from workers.evaluation import TokenScores
    from workers.seed_run import SeedRun
    from workers.step_series import StepSeries

_RUN = RunId("base", 1)


class HeardRun:
    """A `SeedRun` whose listener does what `orchestrator/metrics.py` does before it asks for more, but for the ledger.

    Every record is published and every damage set aside, and only then passed on.
    """

    def __init__(self, run: "SeedRun", *, run_id: RunId, attempt: int, paths: RunPaths, reach: Reach) -> None:
        self._run = run
        self._run_id = run_id
        self._attempt = attempt
        self._paths = paths
        self._reach = reach

    def request_stop(self) -> None:
        self._run.request_stop()

    def __iter__(self) -> Iterator[Report | Outcome]:
        for told in self._run:
            if isinstance(told, IntervalRecord):
                publish_interval(
                    self._paths, run=self._run_id, interval=told.interval, attempt=self._attempt, reach=self._reach
                )
            elif isinstance(told, Damage):
                set_aside(self._paths, run=told.run, interval=told.interval, part=CheckpointPart(told.part))
            yield told


@pytest.fixture(scope="session")
def make_record() -> Callable[..., IntervalRecord]:
    """A function from an interval, and the hashes of its files, to a record of seed 1."""

    def make(interval: int = 3, *, hashes: Any = None, **changes: Any) -> IntervalRecord:
        values = {
            "condition": "base",
            "seed": 1,
            "interval": interval,
            "step": 4 * interval,
            "tokens": 128 * interval,
            "target_tokens": 128 * interval,
            "passes": 0.256 * interval,
            "learning_rate": 0.1 + 0.2,
            "train_loss": 3.5,
            "val_loss": 3.25,
            "val_loss_se": 0.0625,
            "val_ppl": 25.790339917193062,
            "grad_norm": 1.5,
            "num_evaluation_tokens": 64,
            "attempt": 1,
            "tokens_per_s": 1e3,
            "elapsed_s": 1.25,
            "peak_memory_bytes": 2**33,
            "energy_joules": None,
            "energy_source": None,
            "threads": 1,
            "interop_threads": 1,
            "cores": (0, 3),
            "cpu_model": "a model",
            "host": "here",
            "weights_sha256": hashes.weights if hashes else "0" * 64,
            "tokens_file_sha256": hashes.tokens if hashes else "1" * 64,
        }
        return IntervalRecord(**(values | changes))

    return make


@pytest.fixture(scope="session")
def unheard_run(tiny_experiment, tiny_corpus, worker_place, make_clock) -> "Callable[..., SeedRun]":
    """A function from a run directory to a `SeedRun` of seed 1 in it; nobody publishes what it stages."""
    from workers.seed_run import SeedRun

    def make(root: Path, *overrides: str, attempt: int = 1, seed: int = 1, **changes: Any) -> SeedRun:
        config: ExperimentConfig = tiny_experiment(*overrides)
        values = {"corpus": tiny_corpus, "place": worker_place, "clock": make_clock()} | changes
        return SeedRun(config, run=RunId("base", seed), attempt=attempt, paths=RunPaths(root), **values)

    return make


@pytest.fixture(scope="session")
def seed_run(unheard_run) -> Callable[..., HeardRun]:
    """A function from a run directory to a run of seed 1 in it, and to whoever publishes what it stages."""

    def make(
        root: Path, *overrides: str, attempt: int = 1, seed: int = 1, reach: Reach = pass_by, **changes: Any
    ) -> HeardRun:
        run = unheard_run(root, *overrides, attempt=attempt, seed=seed, reach=reach, **changes)
        return HeardRun(run, run_id=RunId("base", seed), attempt=attempt, paths=RunPaths(root), reach=reach)

    return make


@pytest.fixture(scope="session")
def scores_of() -> "Callable[[int], TokenScores]":
    """A function from an interval to an evaluation of 64 tokens that only this interval has."""
    from workers.evaluation import TokenScores

    def make(interval: int) -> TokenScores:
        rank = np.arange(64, dtype=np.int32) + interval
        return TokenScores(loss_nats=np.linspace(0, 5, 64, dtype=np.float32), rank=rank, num_ties=rank % 2)

    return make


@pytest.fixture(scope="session")
def steps_of() -> "Callable[[int], StepSeries]":
    """A function from an interval to its 4 steps; none at interval 0."""
    from workers.step_series import StepSeries

    def make(interval: int) -> StepSeries:
        loss = np.linspace(interval, interval + 0.1, 4 if interval else 0)
        return StepSeries(loss_nats=loss, grad_norm=loss + 1)

    return make


@pytest.fixture
def weights_of(tiny_experiment) -> Callable[[int], dict[str, Any]]:
    """A function from an interval to weights that only this interval has."""
    from workers.model import build_model

    model = tiny_experiment().model
    return lambda interval: {n: p.detach() for n, p in build_model(model, seed=interval).named_parameters()}


@pytest.fixture
def paths(tmp_path) -> RunPaths:
    """A run directory in which nothing is yet."""
    return RunPaths(tmp_path / "run")


@pytest.fixture
def checkpoints_of(paths, tiny_experiment) -> "Callable[..., CheckpointDirectory]":
    """A function from an attempt to the checkpoints of a run as that attempt sees them."""
    from workers.checkpoint import CheckpointDirectory
    from workers.local_store import LocalStore

    def make(
        attempt: int = 1, *, run: RunId = _RUN, num_intervals: int = 4, reach: Reach = pass_by
    ) -> CheckpointDirectory:
        return CheckpointDirectory(
            LocalStore(paths),
            run=run,
            attempt=attempt,
            model=tiny_experiment().model,
            num_intervals=num_intervals,
            reach=reach,
        )

    return make


@pytest.fixture
def stage(checkpoints_of, weights_of, scores_of, steps_of, make_record) -> Callable[..., IntervalRecord]:
    """A function that stages an interval of the run base/seed-1 for an attempt."""
    import torch

    def stage_interval(interval: int, *, attempt: int = 1, reach: Reach = pass_by) -> IntervalRecord:
        return checkpoints_of(attempt, reach=reach).stage(
            interval,
            weights=weights_of(interval),
            optimizer={"exp_avg.norm.gain": torch.full((16,), float(interval))} if interval else {},
            scores=scores_of(interval),
            steps=steps_of(interval),
            make_record=lambda hashes: make_record(interval, hashes=hashes, attempt=attempt),
        )

    return stage_interval


@pytest.fixture
def publish(paths) -> Callable[..., None]:
    """A function that publishes an interval of the run base/seed-1."""

    def publish_staged(interval: int, *, attempt: int = 1) -> None:
        publish_interval(paths, run=_RUN, interval=interval, attempt=attempt)

    return publish_staged


@pytest.fixture
def write(stage, publish) -> Callable[..., IntervalRecord]:
    """A function that stages an interval and publishes it."""

    def write_interval(interval: int, *, attempt: int = 1) -> IntervalRecord:
        record = stage(interval, attempt=attempt)
        publish(interval, attempt=attempt)
        return record

    return write_interval


@pytest.fixture
def inspect(checkpoints_of) -> "Callable[..., Inspection]":
    """A function that inspects the run base/seed-1, for attempt 2, knowing no record unless told."""

    def inspect_run(*, num_intervals: int = 4, known: frozenset[int] = frozenset()) -> "Inspection":
        return checkpoints_of(2, num_intervals=num_intervals).inspect(known=known)

    return inspect_run


@pytest.fixture(scope="session")
def contents_of() -> Callable[[Path], dict[str, bytes]]:
    """A function from a directory to the bytes of every file under it, by relative name."""
    return lambda root: {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
