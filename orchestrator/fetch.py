"""Bring all checkpoints of an experiment home into its run directory."""

from collections.abc import Sequence
from pathlib import Path

from configs.errors import RunDirectoryError
from configs.experiment import ExperimentConfig
from orchestrator.checkpoint_mirror import bring_home
from orchestrator.checkpoint_place import require_own_place
from orchestrator.lease import hold_lease
from orchestrator.ledger import reading_ledger
from orchestrator.run_directory import open_run_directory
from workers.record_files import checkpoint_names
from workers.records import IntervalRecord

__all__ = ["fetch_checkpoints"]


def fetch_checkpoints(root: Path) -> tuple[str, ...]:
    """Copy every checkpoint that is not here yet, weights included, from `checkpoints.uri`.

    Args:
        root: A run directory that nobody is writing into.

    Returns:
        What could not be had, and how many checkpoints there are, one sentence each.

    Raises:
        RunDirectoryError: If `root` is no run directory, is in use, or keeps its checkpoints itself.
        StorageError: If their place cannot be reached.
    """
    directory = open_run_directory(root)
    config, paths = directory.config.checkpoints, directory.paths
    if config.uri is None:
        raise RunDirectoryError(f"{root} keeps its checkpoints itself; there is nothing to fetch")
    with hold_lease(paths.lease_file), reading_ledger(paths.ledger_file) as ledger:
        require_own_place(config, manifest=directory.manifest)
        records = ledger.records()
        problems: tuple[str, ...] = ()
        for names, those in _by_names(records, config=directory.config).items():
            problems += bring_home(config, paths=paths, records=those, names=names)
    return (*problems, f"{len(records) - len(problems)} of {len(records)} checkpoints are in {paths.checkpoints_dir}.")


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
