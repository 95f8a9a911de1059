"""The process of one run: pinned first, then trained, reporting all the way."""

import time
from collections.abc import Mapping
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
    from workers.corpus import Corpus
    from workers.seed_run import SeedRun
    from workers.stack.runs import StackedRuns

__all__ = ["RunTask", "SeedWorker", "advance", "attempts_of", "open_runs"]


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
    """Runs attempts in a process of its own, which belongs to the slot's cores from the first moment on.

    Args:
        cores: To which the process is tied; none where it holds a GPU.
    """

    def __init__(self, cores: tuple[int, ...]) -> None:
        # Before torch is imported, so that its thread pool is born on these cores.
        if cores:
            pin_process(cores)

    def run(
        self, tasks: tuple[RunTask, ...], metrics: AbstractMetrics, host_meter: AbstractHostMeter | None = None
    ) -> tuple[Outcome, ...]:
        """Train one run, or the runs of a stack, to the end, to a stop or to a failure; nothing is raised."""
        try:
            runs = open_runs(tasks, host_meter=host_meter)
            attempts = attempts_of(tasks)
            outcomes = (advance(runs, item=item, attempts=attempts, metrics=metrics) for item in runs)
            return tuple(outcome for outcome in outcomes if outcome is not None)
        except Exception as error:  # noqa: BLE001, the worker's edge: a failure travels as a value
            return tuple(failure_from(error, run=task.run, attempt=task.attempt) for task in tasks)


def open_runs(tasks: tuple[RunTask, ...], *, host_meter: AbstractHostMeter | None = None) -> "SeedRun | StackedRuns":
    """Load the corpus, fix the thread count and build one run or the runs of a stack, in this process.

    Args:
        tasks: What to run; several are of one condition, and share cores or a GPU.
        host_meter: Measures energy on this host; None leaves it unknown.
    """
    # torch is imported here and not above: pinning comes first, and the driver never needs it.
    from workers.corpus_copies import load_shared_corpus

    first = tasks[0]
    placement = first.config.placement
    set_torch_threads(placement.threads_per_run)
    keep_freed_memory()
    corpus = load_shared_corpus(first.config.checkpoints, paths=RunPaths(Path(first.run_dir)))
    place = _read_place(first.slot.cores)
    if placement.device == "cpu" and placement.stack_runs in (1, "auto"):
        return _open_seed_run(first, corpus=corpus, place=place, host_meter=host_meter)
    return _open_stack(tasks, corpus=corpus, place=place, host_meter=host_meter)


def _open_seed_run(
    task: RunTask, *, corpus: "Corpus", place: WorkerPlace, host_meter: AbstractHostMeter | None
) -> "SeedRun":
    from workers.choose_passes import choose_passes
    from workers.seed_run import SeedRun

    return SeedRun(
        task.config,
        run=task.run,
        attempt=task.attempt,
        corpus=corpus,
        paths=RunPaths(Path(task.run_dir)),
        place=place,
        clock=time.monotonic,
        known=task.known,
        passes=choose_passes(task.config.placement, cache_dir=cache_dir()),
        reach=task.reach,
        host_meter=host_meter,
    )


def _open_stack(
    tasks: tuple[RunTask, ...], *, corpus: "Corpus", place: WorkerPlace, host_meter: AbstractHostMeter | None
) -> "StackedRuns":
    from workers.interval_keeper import IntervalKeeper
    from workers.stack.runs import StackedRuns

    keepers = [
        IntervalKeeper(
            task.config,
            run=task.run,
            attempt=task.attempt,
            corpus=corpus,
            paths=RunPaths(Path(task.run_dir)),
            place=place,
            known=task.known,
            reach=task.reach,
        )
        for task in tasks
    ]
    return StackedRuns(
        tasks[0].config,
        keepers=keepers,
        corpus=corpus,
        clock=time.monotonic,
        reach=tasks[0].reach,
        host_meter=host_meter,
    )


def attempts_of(tasks: tuple[RunTask, ...]) -> dict[RunId, int]:
    """Which try at each run this is; records from before may name an earlier one."""
    return {task.run: task.attempt for task in tasks}


def advance(
    runs: "SeedRun | StackedRuns", *, item: Report | Outcome, attempts: Mapping[RunId, int], metrics: AbstractMetrics
) -> Outcome | None:
    """Pass on what runs have just told, and pass back what they are told in return.

    Args:
        runs: Who told it.
        item: What was told.
        attempts: See `attempts_of`.
        metrics: To which it is passed on.

    Returns:
        The outcome, if that is what `item` is.
    """
    if not isinstance(item, IntervalRecord | ProgressSample | Damage):
        return item
    if metrics.accept(item, attempt=attempts[item.run]) is Directive.STOP:
        runs.request_stop()
    return None


def _read_place(cores: tuple[int, ...]) -> WorkerPlace:
    pinning = read_pinning(cores or None)
    machine = inspect_machine()
    return WorkerPlace(
        host=machine.host,
        cpu_model=machine.cpu_model,
        cores=pinning.cores,
        threads=pinning.num_threads,
        interop_threads=pinning.num_interop_threads,
    )
