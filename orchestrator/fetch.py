"""Bring all checkpoints of an experiment home into its run directory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from configs.errors import RunDirectoryError
from configs.experiment import ExperimentConfig
from orchestrator.checkpoint_mirror import bring_home
from orchestrator.lease import hold_lease
from orchestrator.ledger import reading_ledger
from orchestrator.run_directory import open_run_directory
from workers.record_files import checkpoint_names
from workers.records import IntervalRecord

__all__ = ["Fetched", "fetch_checkpoints"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a run directory has now."""

    num_here: int
    """Checkpoints in it."""
    num_known: int
    """Checkpoints that its ledger knows."""
    problems: tuple[str, ...]
    """A sentence for each that could not be had."""


def fetch_checkpoints(root: Path) -> Fetched:
    """Copy every checkpoint that is not here yet, weights included, from `checkpoints.uri`.

    Args:
        root: A run directory that nobody is writing into.

    Raises:
        RunDirectoryError: If `root` is no run directory, is in use, or keeps its checkpoints itself.
        StorageError: If their place cannot be reached, or holds nothing of this experiment any more.
    """
    directory = open_run_directory(root)
    config, paths = directory.config.checkpoints, directory.paths
    if config.uri is None:
        raise RunDirectoryError(f"{root} keeps its checkpoints itself; there is nothing to fetch")
    with hold_lease(paths.lease_file), reading_ledger(paths.ledger_file) as ledger:
        records = ledger.records()
        problems: tuple[str, ...] = ()
        for names, those in _by_names(records, config=directory.config).items():
            problems += bring_home(config, manifest=directory.manifest, paths=paths, records=those, names=names)
    return Fetched(num_here=len(records) - len(problems), num_known=len(records), problems=problems)


def _by_names(
    records: Sequence[IntervalRecord], *, config: ExperimentConfig
) -> dict[frozenset[str], list[IntervalRecord]]:
    """The records by the files that their checkpoints have to hold."""
    num_intervals = {name: config.for_condition(name).schedule.num_intervals for name in config.condition_names}
    chosen: dict[frozenset[str], list[IntervalRecord]] = {}
    for record in records:
        has_weights = config.checkpoints.keeps_weights(record.interval, num_intervals=num_intervals[record.condition])
        chosen.setdefault(checkpoint_names(has_weights=has_weights), []).append(record)
    return chosen
