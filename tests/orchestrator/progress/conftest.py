"""Runs, records and snapshots that the tests of the progress views share."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from orchestrator.progress.snapshot import RunView, Snapshot
from orchestrator.run_state import RunState
from workers.records import IntervalRecord, RunId

TOTAL_TOKENS = 20_000_768  # 9,766 steps of 2,048 tokens: the first whole step at or past 20,000,000.
VAL_LOSSES = (8.321, 4.102, 3.204, 2.883, 2.8, 2.861, 2.812)


@pytest.fixture(scope="session")
def make_run() -> Callable[..., RunView]:
    """A run in training after interval 6 of 20; any field may be replaced."""

    def make(seed: int = 101, *, condition: str = "base", **fields: object) -> RunView:
        run = RunView(
            run=RunId(condition, seed),
            state=RunState.TRAINING,
            attempt=1,
            num_intervals=21,
            last_interval=6,
            tokens=6_500_352,
            total_tokens=TOTAL_TOKENS,
            train_loss=2.954,
            val_losses=VAL_LOSSES,
            tokens_per_s=6012.4,
            slot="node:0",
        )
        return replace(run, **fields)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def make_waiting(make_run: Callable[..., RunView]) -> Callable[..., RunView]:
    """A run that has not been tried."""

    def make(seed: int, *, condition: str = "base") -> RunView:
        return make_run(
            seed,
            condition=condition,
            state=RunState.WAITING,
            attempt=0,
            last_interval=None,
            tokens=0,
            train_loss=None,
            val_losses=(),
            tokens_per_s=None,
            slot="",
        )

    return make


@pytest.fixture(scope="session")
def make_completed(make_run: Callable[..., RunView]) -> Callable[..., RunView]:
    """A run that is complete, its best validation loss as given."""

    def make(seed: int, *, best: float = 2.743) -> RunView:
        losses = (*VAL_LOSSES, *[2.9] * 13, best)
        return make_run(
            seed, state=RunState.COMPLETED, last_interval=20, tokens=TOTAL_TOKENS, val_losses=losses, train_loss=2.957
        )

    return make


@pytest.fixture(scope="session")
def make_snapshot() -> Callable[..., Snapshot]:
    """An experiment of the given runs on two slots, 42 minutes in."""

    def make(*runs: RunView, **fields: object) -> Snapshot:
        snapshot = Snapshot(name="published-study", runs=runs, num_slots=2, elapsed_s=2520.0, is_finished=False)
        return replace(snapshot, **fields)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def make_record() -> Callable[..., IntervalRecord]:
    """The record of one interval of the published study; any field may be replaced."""

    def make(interval: int, *, val_loss: float, seed: int = 101, **fields: object) -> IntervalRecord:
        step = -(-interval * 1_000_000 // 2048)
        record = IntervalRecord(
            condition="base",
            seed=seed,
            interval=interval,
            step=step,
            tokens=step * 2048,
            target_tokens=interval * 1_000_000,
            passes=step * 2048 / 428_628,
            learning_rate=4e-4 if interval else None,
            train_loss=3.085 if interval else None,
            val_loss=val_loss,
            val_loss_se=0.055,
            val_ppl=17.87,
            grad_norm=1.25 if interval else None,
            num_evaluation_tokens=2048,
            attempt=1,
            tokens_per_s=6012.4 if interval else None,
            elapsed_s=170.5 * interval,
            peak_memory_bytes=None,
            energy_joules=None,
            energy_source=None,
            threads=1,
            interop_threads=1,
            cores=(0,),
            cpu_model="a CPU",
            host="a host",
            weights_sha256="0" * 64,
            tokens_file_sha256="1" * 64,
        )
        return replace(record, **fields)  # type: ignore[arg-type]

    return make
