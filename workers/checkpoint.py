"""Stage and read the directories that an interval of a run leaves."""

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from configs.durable import sync_tree
from configs.errors import CheckpointError
from configs.model import ModelConfig
from configs.run_paths import RunPaths
from workers.checksums import file_sha256, verify_checksums, write_checksums
from workers.evaluation import TokenScores
from workers.llama_format import from_llama_names, llama_config, to_llama_names
from workers.points import Point, Reach, pass_by
from workers.publication import CheckpointPart
from workers.record_files import RECORD_NAME, RESUME_NAMES, STEPS_NAME, read_whole_record
from workers.records import Damage, IntervalRecord, RunId
from workers.step_series import StepSeries

__all__ = ["CheckpointDirectory", "FileHashes", "Inspection", "ResumePoint"]


_READABLE = 0o644  # safetensors writes for its user alone, every other file here is for colleagues too


@dataclass(frozen=True, slots=True)
class FileHashes:
    """sha256 of the files that a record names."""

    weights: str
    tokens: str


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """All that a run needs to go on after an interval."""

    record: IntervalRecord
    weights: dict[str, Tensor]
    optimizer: dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a run's directories hold."""

    newest: ResumePoint | None
    """The newest interval whose checkpoint and resume state are whole; None where there is none."""
    records: tuple[IntervalRecord, ...]
    """Records of all whole checkpoints, by interval."""
    damages: tuple[Damage, ...]


@final
class CheckpointDirectory:
    """The checkpoints of one run, as one attempt at it stages and reads them.

    Args:
        paths: The run directory.
        run: Whose checkpoints these are.
        attempt: The attempt that stages.
        model: The shape of the weights.
        reach: Told where staging is.
    """

    def __init__(
        self, paths: RunPaths, *, run: RunId, attempt: int, model: ModelConfig, reach: Reach = pass_by
    ) -> None:
        self._paths = paths
        self._run = run
        self._attempt = attempt
        self._model = model
        self._reach = reach

    def stage(
        self,
        interval: int,
        *,
        weights: dict[str, Tensor],
        optimizer: dict[str, Tensor],
        scores: TokenScores,
        steps: StepSeries,
        make_record: Callable[[FileHashes], IntervalRecord],
    ) -> IntervalRecord:
        """Write one interval to disk, whole and synced, under names that only this attempt uses.

        Args:
            interval: Index of the interval.
            weights: Parameters under our own names.
            optimizer: The optimizer's moments; empty at interval 0.
            scores: The evaluation of these weights.
            steps: The steps that led from the interval before to these weights.
            make_record: Gives the record, once the hashes of the files that it names are known.

        Returns:
            The record as written.
        """
        self._stage_resume_state(interval, optimizer)
        self._reach(Point.RESUME_STAGED)
        staged = self._fresh(self._dir(interval))
        save_file(to_llama_names(weights, config=self._model), staged / "model.safetensors", {"format": "pt"})
        (staged / "model.safetensors").chmod(_READABLE)
        self._reach(Point.WEIGHTS_WRITTEN)
        (staged / "config.json").write_text(json.dumps(llama_config(self._model), indent=2) + "\n", encoding="utf-8")
        (staged / "tokens.npz").write_bytes(
            _npz(loss_nats=scores.loss_nats, rank=scores.rank, num_ties=scores.num_ties)
        )
        (staged / STEPS_NAME).write_bytes(_npz(loss_nats=steps.loss_nats, grad_norm=steps.grad_norm))
        record = make_record(
            FileHashes(weights=file_sha256(staged / "model.safetensors"), tokens=file_sha256(staged / "tokens.npz"))
        )
        record_text = json.dumps(record.to_dict(), indent=2, allow_nan=False) + "\n"
        (staged / RECORD_NAME).write_text(record_text, encoding="utf-8")
        write_checksums(staged)
        sync_tree(staged)
        self._reach(Point.CHECKPOINT_STAGED)
        return record

    def inspect(self, *, num_intervals: int, known: frozenset[int]) -> "Inspection":
        """Verify every interval on disk and read the newest from which the run can go on.

        Args:
            num_intervals: Intervals of a complete run.
            known: Intervals whose record the ledger has. A run never goes on past one that is neither known nor whole
                on disk: it would stay missing.
        """
        damages: list[Damage] = []
        records: dict[int, IntervalRecord] = {}
        resumable: set[int] = set()
        for interval in range(num_intervals):
            try:
                records |= self._whole_record(interval)
            except CheckpointError as error:
                damages.append(self._damage(interval, CheckpointPart.CHECKPOINT, error))
            try:
                resumable |= self._whole_resume_state(interval)
            except CheckpointError as error:
                damages.append(self._damage(interval, CheckpointPart.RESUME_STATE, error))
        present = known | records.keys()
        first_gap = next(interval for interval in range(num_intervals + 1) if interval not in present)
        newest = max((interval for interval in resumable & records.keys() if interval < first_gap), default=None)
        return Inspection(
            newest=None if newest is None else self._read(records[newest]),
            records=tuple(records.values()),
            damages=tuple(damages),
        )

    def _whole_record(self, interval: int) -> dict[int, IntervalRecord]:
        """The record of a checkpoint by its interval; empty where there is no such directory."""
        if not self._dir(interval).is_dir():
            return {}
        return {interval: read_whole_record(self._dir(interval), run=self._run, interval=interval)}

    def _whole_resume_state(self, interval: int) -> set[int]:
        """The interval itself; empty where there is no such directory."""
        if not self._resume_dir(interval).is_dir():
            return set()
        verify_checksums(self._resume_dir(interval), names=RESUME_NAMES)
        return {interval}

    def _read(self, record: IntervalRecord) -> ResumePoint:
        weights = load_file(self._dir(record.interval) / "model.safetensors")
        return ResumePoint(
            record=record,
            weights=from_llama_names(weights, config=self._model),
            optimizer=load_file(self._resume_dir(record.interval) / "optimizer.safetensors"),
        )

    def _damage(self, interval: int, part: CheckpointPart, error: CheckpointError) -> Damage:
        return Damage(self._run, self._attempt, interval, part, str(error))

    def _dir(self, interval: int) -> Path:
        return self._paths.checkpoint_dir(self._run.condition, self._run.seed, interval)

    def _resume_dir(self, interval: int) -> Path:
        return self._paths.resume_dir(self._run.condition, self._run.seed, interval)

    def _stage_resume_state(self, interval: int, optimizer: dict[str, Tensor]) -> None:
        staged = self._fresh(self._resume_dir(interval))
        save_file(optimizer, staged / "optimizer.safetensors")
        (staged / "optimizer.safetensors").chmod(_READABLE)
        write_checksums(staged)
        sync_tree(staged)

    def _fresh(self, final: Path) -> Path:
        staged = self._paths.staged_dir(final, attempt=self._attempt)
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        return staged


def _npz(**arrays: NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
