"""Put 1,000 seeds x 21 intervals through the controller, the ledger and the analysis, with a stand-in for training.

Usage: python benchmarks/thousand_runs.py [--seeds 1000] [--slots 16] [--out DIR]
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import final

import psutil

from configs.load import load_experiment
from configs.run_paths import RunPaths
from orchestrator.aggregation import aggregate
from orchestrator.controller import Controller
from orchestrator.executor import AbstractExecutor, NodeChange
from orchestrator.ledger import Ledger, reading_ledger
from orchestrator.metrics import Metrics
from orchestrator.progress.abstract_view import AbstractView
from orchestrator.progress.events import Event
from orchestrator.progress.snapshot import Snapshot
from orchestrator.progress_tracker import runs_of
from orchestrator.seed_worker import RunTask
from orchestrator.slots import Slot
from orchestrator.stop_signal import StopRequest
from workers.failure_cause import failure_from
from workers.local_store import LocalStore
from workers.records import Completed, IntervalRecord, Outcome, RunId, SeedFailure


def main() -> None:
    """Print how many records a second came through, the driver's memory over time, and the rows that came out."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, default=1_000)
    arguments.add_argument("--slots", type=int, default=16)
    arguments.add_argument("--out", type=Path)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        _measure(options.out or Path(temporary) / "run", num_seeds=options.seeds, num_slots=options.slots)


def _measure(root: Path, *, num_seeds: int, num_slots: int) -> None:
    config = load_experiment("quickstart", overrides=[f"seeds={list(range(num_seeds))}"])
    paths = RunPaths(root)
    root.mkdir(parents=True)
    Ledger.create(paths.ledger_file, runs=runs_of(config), clock=time.time).close()
    metrics = Metrics(partial(Ledger.open, paths.ledger_file, clock=time.time), store=LocalStore(paths))
    view = _MemoryView()
    began_s = time.perf_counter()
    with _StandInExecutor(metrics, num_slots=num_slots) as executor:
        Controller(
            config,
            run_dir=root,
            executor=executor,
            view=view,
            stop=StopRequest(),
            clock=time.monotonic,
            began_s=time.monotonic(),
        ).run()
    trained_s = time.perf_counter() - began_s
    with reading_ledger(paths.ledger_file) as ledger:
        records = ledger.records()
    began_s = time.perf_counter()
    aggregation = aggregate(records, config=config, paths=paths, out=paths)
    num_records = len(records)
    print(f"{num_records:,} records in {trained_s:.1f} s: {num_records / trained_s:,.0f} records/s, each on disk")
    print(f"table and statistics of {aggregation.num_rows:,} rows in {time.perf_counter() - began_s:.1f} s")
    print("driver's memory at each tenth of the runs, MB:", *[f"{size / 1e6:.0f}" for size in view.tenths()])


@final
class _StandInExecutor(AbstractExecutor):
    """Runs that report a made-up record at once; everything around them is real."""

    def __init__(self, metrics: Metrics, *, num_slots: int) -> None:
        self._metrics = metrics
        self._slots = tuple(Slot("stand-in", (core,)) for core in range(num_slots))
        self._running: dict[RunId, tuple[RunTask, Iterator[IntervalRecord]]] = {}

    @property
    def metrics(self) -> Metrics:
        return self._metrics

    @property
    def slots(self) -> tuple[Slot, ...]:
        return self._slots

    def start(self, task: RunTask) -> None:
        self._running[task.run] = (task, _made_up_records(task))

    def wait(self, timeout_s: float) -> tuple[Outcome, ...]:
        ends_s = time.monotonic() + timeout_s
        while self._running and time.monotonic() < ends_s:
            for task, records in list(self._running.values()):
                record = next(records, None)
                if record is None:
                    del self._running[task.run]
                    return (Completed(task.run, task.attempt, data_order_sha256="0" * 64),)
                self._metrics.accept(record, attempt=task.attempt)
        return ()

    def give_up(self, run: RunId, *, message: str) -> SeedFailure:
        task, _ = self._running.pop(run)
        return failure_from(TimeoutError(message), run=run, attempt=task.attempt)

    def refresh(self) -> NodeChange:
        return NodeChange()

    def close(self) -> None:
        self._metrics.close()


@final
class _MemoryView(AbstractView):
    """Notes the process's resident size whenever it is shown a snapshot."""

    def __init__(self) -> None:
        self._sizes: list[tuple[float, int]] = []
        self._process = psutil.Process(os.getpid())

    def show(self, event: Event) -> None:
        del event

    def look_back(self, events: Sequence[Event]) -> None:
        del events

    def update(self, snapshot: Snapshot) -> None:
        self._sizes.append((snapshot.done_fraction, self._process.memory_info().rss))

    def tenths(self) -> list[int]:
        """The size when each tenth of all tokens was first passed, in bytes."""
        return [next(size for done, size in self._sizes if done >= tenth / 10) for tenth in range(11)]

    def __enter__(self) -> "_MemoryView":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def _made_up_records(task: RunTask) -> Iterator[IntervalRecord]:
    schedule = task.config.schedule
    for interval in range(schedule.num_intervals):
        step = schedule.end_step(interval)
        loss = 2.0 + 4.0 / (interval + 1) + 0.001 * (task.run.seed * 7919 % 97) + 0.0001 * (interval * 31 % 7)
        yield IntervalRecord(
            condition=task.run.condition,
            seed=task.run.seed,
            interval=interval,
            step=step,
            tokens=step * schedule.tokens_per_step,
            target_tokens=schedule.target_tokens(interval),
            passes=0.1 * interval,
            learning_rate=0.001 if interval else None,
            train_loss=loss if interval else None,
            val_loss=loss,
            val_loss_se=0.01,
            val_ppl=2.718281828**loss,
            grad_norm=1.0 if interval else None,
            num_evaluation_tokens=2048,
            attempt=task.attempt,
            tokens_per_s=1e6 if interval else None,
            elapsed_s=0.001 * interval,
            peak_memory_bytes=None,
            energy_joules=None,
            energy_source=None,
            threads=1,
            interop_threads=1,
            cores=task.slot.cores,
            cpu_model="stand-in",
            host="stand-in",
            weights_sha256="0" * 64,
            tokens_file_sha256="0" * 64,
        )


if __name__ == "__main__":
    main()
