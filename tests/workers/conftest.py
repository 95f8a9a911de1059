"""A record to write, and a way to train the tiny experiment from start to end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from configs.experiment import ExperimentConfig
from configs.run_paths import RunPaths
from workers.records import IntervalRecord, RunId


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
def seed_run(tiny_experiment, tiny_corpus, worker_place, make_clock) -> Callable[..., Any]:
    """A function from a run directory to a `SeedRun` of seed 1 in it."""
    from workers.seed_run import SeedRun

    def make(root: Path, *overrides: str, attempt: int = 1, seed: int = 1, **changes: Any) -> SeedRun:
        config: ExperimentConfig = tiny_experiment(*overrides)
        values = {"corpus": tiny_corpus, "place": worker_place, "clock": make_clock()} | changes
        return SeedRun(config, run=RunId("base", seed), attempt=attempt, paths=RunPaths(root), **values)

    return make
