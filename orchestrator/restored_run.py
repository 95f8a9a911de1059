"""What checkpoints and manifest still tell of one run whose ledger is lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from configs.errors import RunDirectoryError
from configs.experiment import ExperimentConfig
from configs.run_paths import RunPaths
from orchestrator.run_state import RunState
from workers.corpus_files import read_stream
from workers.records import IntervalRecord, RunId
from workers.seed_controls import data_order_of

__all__ = ["RestoredRun", "restored_run"]


@dataclass(frozen=True, slots=True)
class RestoredRun:
    """A run as a new ledger can hold it."""

    run: RunId
    records: tuple[IntervalRecord, ...]
    """Those of its whole checkpoints, by interval."""
    attempt: int
    """The number that the next attempt must exceed."""
    data_order_sha256: str | None
    """Of a run that has every interval; None for one that has to go on."""

    @property
    def state(self) -> RunState:
        """Completed, or waiting to be gone on with."""
        return RunState.WAITING if self.data_order_sha256 is None else RunState.COMPLETED

    @property
    def newest(self) -> IntervalRecord | None:
        """The record of its newest checkpoint."""
        return self.records[-1] if self.records else None


def restored_run(
    run: RunId,
    *,
    records: Sequence[IntervalRecord],
    config: ExperimentConfig,
    paths: RunPaths,
    manifest: dict[str, Any],  # Any: the tree of a JSON file
) -> RestoredRun:
    """Put together what is known.

    Args:
        run: Which run.
        records: Those of its whole checkpoints.
        config: The whole experiment.
        paths: Its run directory, for the length of the training stream.
        manifest: Its manifest, for the attempts that left no checkpoint.
    """
    resolved = config.for_condition(run.condition)
    is_whole = len(records) == resolved.schedule.num_intervals
    sha256 = _data_order_sha256(run, config=resolved, paths=paths) if is_whole else None
    known = max((record.attempt for record in records), default=0)
    # One more attempt, of which only the lost ledger knew, may still be alive where a run has not ended.
    attempt = known if sha256 else max(known, _noted_attempts(run, manifest=manifest)) + 1
    return RestoredRun(run, tuple(sorted(records, key=lambda record: record.interval)), attempt, sha256)


def _noted_attempts(run: RunId, *, manifest: dict[str, Any]) -> int:
    noted = manifest.get("runs", ())
    mine = (entry["attempts"] for entry in noted if (entry["condition"], entry["seed"]) == (run.condition, run.seed))
    return max(mine, default=0)


def _data_order_sha256(run: RunId, *, config: ExperimentConfig, paths: RunPaths) -> str | None:
    try:
        stream = read_stream(paths.stream_file("train"))
    except RunDirectoryError:
        return None  # the run then goes on, which names what is wrong with the corpus
    order = data_order_of(config, seed=run.seed, num_train_tokens=len(stream))
    return order.sha256(num_steps=config.schedule.num_steps)
