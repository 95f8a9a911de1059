"""Records and tables small enough to be reckoned by hand."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import pytest

from workers.records import IntervalRecord


@pytest.fixture
def make_record() -> Callable[..., IntervalRecord]:
    """A function from condition, seed, interval and loss to a record."""

    def make(
        *, seed: int, interval: int, val_loss: float, condition: str = "base", **changes: object
    ) -> IntervalRecord:
        is_initial = interval == 0
        values = {
            "condition": condition,
            "seed": seed,
            "interval": interval,
            "step": 10 * interval,
            "tokens": 1000 * interval,
            "target_tokens": 1000 * interval,
            "passes": 0.5 * interval,
            "learning_rate": None if is_initial else 4e-4,
            "train_loss": None if is_initial else val_loss - 0.1,
            "val_loss": val_loss,
            "val_loss_se": 0.05,
            "val_ppl": float(np.exp(min(val_loss, 20))),
            "grad_norm": None if is_initial else 1.0,
            "num_evaluation_tokens": 64,
            "attempt": 1,
            "tokens_per_s": None if is_initial else 5000.0,
            "elapsed_s": 0.1 * interval,
            "peak_memory_bytes": None,
            "energy_joules": None,
            "energy_source": None,
            "threads": 1,
            "interop_threads": 1,
            "cores": (0,),
            "cpu_model": 'Model "A", 2 GHz',
            "host": "here",
            "weights_sha256": "0" * 64,
            "tokens_file_sha256": "1" * 64,
        }
        return IntervalRecord(**(values | changes))  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_records(make_record) -> Callable[..., list[IntervalRecord]]:
    """A function from losses by seed to records; None leaves a cell out."""

    def make(losses: Mapping[int, Sequence[float | None]], *, condition: str = "base") -> list[IntervalRecord]:
        return [
            make_record(seed=seed, interval=interval, val_loss=loss, condition=condition)
            for seed, row in losses.items()
            for interval, loss in enumerate(row)
            if loss is not None
        ]

    return make


@pytest.fixture
def long_form() -> Callable[..., pd.DataFrame]:
    """A function from a grid, one row per seed, to a frame in long form; seeds are 1, 2, ..., levels 0, 1, ..."""

    def make(grid: Sequence[Sequence[float]], *, metric: str = "val_loss") -> pd.DataFrame:
        return pd.DataFrame(
            [(seed, level, value) for seed, row in enumerate(grid, start=1) for level, value in enumerate(row)],
            columns=["seed", "interval", metric],
        )

    return make


@pytest.fixture
def noisy_grid() -> np.ndarray:
    """Five seeds at four levels, with a level effect, a seed effect and noise; shape (5, 4)."""
    rng = np.random.default_rng(7)
    return np.array([3.0, 2.0, 1.5, 1.7]) + rng.normal(0, 0.2, (5, 1)) + rng.normal(0, 0.1, (5, 4))
