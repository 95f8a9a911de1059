"""The process of one run: pinned first, then trained, reporting all the way."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

from configs.experiment import ExperimentConfig
from configs.run_paths import RunPaths
from orchestrator.defaults import cache_dir
from orchestrator.machine import inspect_machine
from orchestrator.metrics import AbstractMetrics, Directive
from orchestrator.slots import Slot
from workers.allocator import keep_freed_memory
from workers.failure_cause import failure_from
from workers.pinning import pin_process, read_pinning, set_torch_threads
from workers.points import Reach, pass_by
from workers.records import Damage, IntervalRecord, Outcome, ProgressSample, Report, RunId
from workers.usage import WorkerPlace
from workers.usage.host_meter import AbstractHostMeter

if TYPE_CHECKING:
    from workers.seed_run import SeedRun

__all__ = ["RunTask", "SeedWorker", "advance", "open_seed_run"]


@dataclass(frozen=True, slots=True)
class RunTask:
    """One attempt at one run, ready to be sent to its node."""

    run: RunId
    attempt: int
    slot: Slot
    config: ExperimentConfig
    """The experiment as resolved for the run's condition."""
    run_dir: str
    known: frozenset[int]
    """Intervals whose record the ledger has."""
    reach: Reach = pass_by


@final
class SeedWorker:
    """Runs attempts in a process of its own, which belongs to the slot's cores from the first moment on."""

    def __init__(self, cores: tuple[int, ...]) -> None:
        # Before torch is imported, so that its thread pool is born on these cores.
        pin_process(cores)

    def run(self, task: RunTask, metrics: AbstractMetrics, host_meter: AbstractHostMeter | None = None) -> Outcome:
        """Train to the end, to a stop or to a failure; nothing is raised."""
        try:
            seed_run = open_seed_run(task, host_meter=host_meter)
            for item in seed_run:
                outcome = advance(seed_run, item=item, attempt=task.attempt, metrics=metrics)
                if outcome is not None:
                    return outcome
        except Exception as error:  # noqa: BLE001, the worker's edge: a failure travels as a value
            return failure_from(error, run=task.run, attempt=task.attempt)
        raise AssertionError("a SeedRun ends with its outcome")


def open_seed_run(task: RunTask, *, host_meter: AbstractHostMeter | None = None) -> "SeedRun":
    """Load the corpus, fix the thread count and build the run, in this process.

    Args:
        task: What to run.
        host_meter: Measures energy on this host; None leaves it unknown.
    """
    # torch is imported here and not above: pinning comes first, and the driver never needs it.
    from workers.choose_passes import choose_passes
    from workers.corpus_copies import load_shared_corpus
    from workers.seed_run import SeedRun

    set_torch_threads(task.config.placement.threads_per_run)
    keep_freed_memory()
    paths = RunPaths(Path(task.run_dir))
    return SeedRun(
        task.config,
        run=task.run,
        attempt=task.attempt,
        corpus=load_shared_corpus(task.config.checkpoints, paths=paths),
        paths=paths,
        place=_read_place(task.slot.cores),
        clock=time.monotonic,
        known=task.known,
        passes=choose_passes(task.config.placement, cache_dir=cache_dir()),
        reach=task.reach,
        host_meter=host_meter,
    )


def advance(seed_run: "SeedRun", *, item: Report | Outcome, attempt: int, metrics: AbstractMetrics) -> Outcome | None:
    """Pass on what a run has just told, and pass back what it is told in return.

    Returns:
        The outcome, if that is what `item` is.
    """
    if not isinstance(item, IntervalRecord | ProgressSample | Damage):
        return item
    if metrics.accept(item, attempt=attempt) is Directive.STOP:
        seed_run.request_stop()
    return None


def _read_place(cores: tuple[int, ...]) -> WorkerPlace:
    pinning = read_pinning(cores)
    machine = inspect_machine()
    return WorkerPlace(
        host=machine.host,
        cpu_model=machine.cpu_model,
        cores=pinning.cores,
        threads=pinning.num_threads,
        interop_threads=pinning.num_interop_threads,
    )
