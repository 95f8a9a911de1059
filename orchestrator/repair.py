"""Rebuild a ledger from the checkpoints, which are the ground that everything can be rebuilt from."""

import shlex
import time
from pathlib import Path

from analysis.missing_cells import Cell, describe_cells
from configs.counted import counted
from configs.durable import sync_directory
from configs.errors import CheckpointError, LedgerError
from configs.experiment import ExperimentConfig
from configs.run_paths import RunPaths
from orchestrator.checkpoint_place import require_held_place
from orchestrator.lease import hold_lease
from orchestrator.ledger import Ledger, reading_ledger
from orchestrator.progress_tracker import runs_of
from orchestrator.restored_run import RestoredRun, restored_run
from orchestrator.run_directory import RunDirectory, recognize_run_directory
from orchestrator.run_state import RunState
from workers.checkpoint_store import AbstractCheckpointStore
from workers.publication import CheckpointPart
from workers.record_files import checkpoint_names, read_whole_record
from workers.records import IntervalRecord, RunId
from workers.store_choice import checkpoint_store

__all__ = ["repair_run_directory"]


def repair_run_directory(root: Path) -> tuple[str, ...]:
    """Check every checkpoint, and rebuild the ledger if it is missing or damaged.

    Damaged files are renamed and kept. A sound ledger is left as it is.

    Args:
        root: A run directory.

    Returns:
        What was found and done, one sentence each.

    Raises:
        RunDirectoryError: If `root` is no run directory, or somebody is writing into it.
    """
    directory = recognize_run_directory(root)
    paths = directory.paths
    with hold_lease(paths.lease_file):
        require_held_place(directory.config.checkpoints, manifest=directory.manifest)
        said: list[str] = []
        store = checkpoint_store(directory.config.checkpoints, paths=paths)
        records = _whole_records(directory.config, store=store, said=said)
        problem = _ledger_problem(paths, records=records)
        if problem is None:
            return (*said, *_lost_checkpoints(paths, records=records), _sound(len(records)))
        said.append(f"The ledger cannot be used: {problem}.")
        said += _move_ledger_aside(paths)
        runs = _restored_runs(directory, records=records)
        _rebuild(paths, runs=runs)
        return (*said, *_rebuilt(paths, runs=runs))


def _ledger_problem(paths: RunPaths, *, records: list[IntervalRecord]) -> str | None:
    """Why the ledger cannot be trusted: it is missing, damaged, or differs from a checkpoint whose checksums hold."""
    try:
        with reading_ledger(paths.ledger_file) as ledger:
            ledger.require_sound()
            kept = {(record.run, record.interval): record.learning() for record in ledger.records()}
    except LedgerError as error:
        return str(error)
    for record in records:
        if kept.get((record.run, record.interval), record.learning()) != record.learning():
            return f"the ledger holds other values than the checkpoint of {record.run} interval {record.interval}"
    return None


def _sound(num_checkpoints: int) -> str:
    verb = "is" if num_checkpoints == 1 else "are"
    return f"The ledger is sound; {counted(num_checkpoints, 'checkpoint')} {verb} whole."


def _lost_checkpoints(paths: RunPaths, *, records: list[IntervalRecord]) -> list[str]:
    """A sentence on the intervals that the ledger knows and no whole checkpoint holds."""
    with reading_ledger(paths.ledger_file) as ledger:
        known = {Cell(record.condition, record.seed, record.interval) for record in ledger.records()}
    lost = known - {Cell(record.condition, record.seed, record.interval) for record in records}
    if not lost:
        return []
    return [f"{len(lost)} of {len(known)} checkpoints are lost, their rows are not: {describe_cells(sorted(lost))}."]


def _whole_records(
    config: ExperimentConfig, *, store: AbstractCheckpointStore, said: list[str]
) -> list[IntervalRecord]:
    records = []
    for run in runs_of(config):
        num_intervals = config.for_condition(run.condition).schedule.num_intervals
        for interval in range(num_intervals):
            has_weights = config.checkpoints.keeps_weights(interval, num_intervals=num_intervals)
            names = checkpoint_names(has_weights=has_weights)
            records += _record_of(run, interval, names=names, store=store, said=said)
    return records


def _record_of(
    run: RunId, interval: int, *, names: frozenset[str], store: AbstractCheckpointStore, said: list[str]
) -> list[IntervalRecord]:
    checkpoint = store.published(run, interval, CheckpointPart.CHECKPOINT)
    if checkpoint is None:
        return []
    try:
        return [read_whole_record(checkpoint, run=run, interval=interval, names=names)]
    except CheckpointError as error:
        kept = store.set_aside(run, interval, CheckpointPart.CHECKPOINT)
        said.append(f"{error}; it is kept as {kept}.")
        return []


def _move_ledger_aside(paths: RunPaths) -> list[str]:
    number = 1
    while paths.damaged_dir(paths.ledger_file, number=number).exists():
        number += 1
    said = []
    for file in paths.ledger_files:
        if file.exists():
            kept = paths.damaged_dir(file, number=number)
            file.rename(kept)
            said.append(f"{file.name} is kept as {kept.name}.")
    sync_directory(paths.root)
    return said


def _restored_runs(directory: RunDirectory, *, records: list[IntervalRecord]) -> list[RestoredRun]:
    return [
        restored_run(
            run,
            records=[record for record in records if record.run == run],
            config=directory.config,
            paths=directory.paths,
            manifest=directory.manifest,
        )
        for run in runs_of(directory.config)
    ]


def _rebuild(paths: RunPaths, *, runs: list[RestoredRun]) -> None:
    # Built beside and moved: a crash in the middle leaves no ledger, which is repaired again.
    partial = paths.damaged_dir(paths.ledger_file, number=0)
    partial.unlink(missing_ok=True)
    ledger = Ledger.create(partial, runs=[run.run for run in runs], clock=time.time)
    try:
        for run in runs:
            ledger.restore_run(run)
        ledger.add_notice(f"The ledger was rebuilt from {_num_checkpoints(runs)}.")
    finally:
        ledger.close()
    partial.rename(paths.ledger_file)
    sync_directory(paths.root)


def _rebuilt(paths: RunPaths, *, runs: list[RestoredRun]) -> tuple[str, ...]:
    built = f"A new ledger was built from {_num_checkpoints(runs)}."
    lost = "Lost is what the ledger alone knew: attempts that failed, and notices."
    num_left = sum(run.state is not RunState.COMPLETED for run in runs)
    if not num_left:
        return (built, lost, "Every run is complete; nothing is left to train.")
    return (
        built,
        f"{lost} The next attempts take numbers beyond any that may still be alive.",
        f"{num_left} of {counted(len(runs), 'run')} {'is' if num_left == 1 else 'are'} incomplete; "
        f"go on with `seedscope resume {shlex.quote(str(paths.root))}`.",
    )


def _num_checkpoints(runs: list[RestoredRun]) -> str:
    return counted(sum(len(run.records) for run in runs), "checkpoint")
