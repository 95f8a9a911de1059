"""Stage and read the directories that an interval of a run leaves."""

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from configs.checkpoints import IN_RUN_DIRECTORY, CheckpointsConfig
from configs.errors import CheckpointError
from configs.model import ModelConfig
from workers.checkpoint_store import AbstractCheckpointStore
from workers.checksums import format_sums
from workers.evaluation import TokenScores
from workers.llama_format import from_llama_names, llama_config, to_llama_names
from workers.points import Point, Reach, pass_by
from workers.publication import CheckpointPart
from workers.record_files import (
    RECORD_NAME,
    RESUME_NAMES,
    SCORES_NAME,
    STEPS_NAME,
    WEIGHTS_NAME,
    checkpoint_names,
    read_whole_record,
)
from workers.records import Damage, IntervalRecord, RunId
from workers.step_series import StepSeries

__all__ = ["CheckpointDirectory", "FileHashes", "Inspection", "ResumePoint"]

_METADATA = {"format": "pt"}
_HASHING_THREADS = 8


@dataclass(frozen=True, slots=True)
class FileHashes:
    """sha256 of the files that a record names."""

    weights: str
    """Of the file with the weights; of the list of their tensors' checksums where no file is kept."""
    tokens: str


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """All that a run needs to go on after an interval."""

    record: IntervalRecord
    weights: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a run's directories hold."""

    newest: ResumePoint | None
    """The newest interval whose checkpoint and resume state are whole; None where there is none."""
    resumable: dict[int, IntervalRecord]
    """Records of all intervals from which the run can go on, by interval."""
    records: tuple[IntervalRecord, ...]
    """Records of all whole checkpoints, by interval."""
    damages: tuple[Damage, ...]
    is_complete: bool = False
    """Whether a run that keeps nothing to go on from at its end has nothing left to do."""


@final
class CheckpointDirectory:
    """The checkpoints of one run, as one attempt at it stages and reads them.

    Args:
        store: Where they are kept.
        run: Whose checkpoints these are.
        attempt: The attempt that stages.
        model: The shape of the weights.
        num_intervals: Intervals of a complete run.
        config: Which weights are kept.
        reach: Told where staging is.
    """

    def __init__(
        self,
        store: AbstractCheckpointStore,
        *,
        run: RunId,
        attempt: int,
        model: ModelConfig,
        num_intervals: int,
        config: CheckpointsConfig = IN_RUN_DIRECTORY,
        reach: Reach = pass_by,
    ) -> None:
        self._store = store
        self._run = run
        self._attempt = attempt
        self._model = model
        self._num_intervals = num_intervals
        self._config = config
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
            optimizer: The optimizer's moments; empty at interval 0, and not asked for where a run cannot go on.
            scores: The evaluation of these weights.
            steps: The steps that led from the interval before to these weights.
            make_record: Gives the record, once the hashes of the files that it names are known.

        Returns:
            The record as written.
        """
        llama_weights = to_llama_names(weights, config=self._model)
        weights_sha256 = None
        if self._has_resume_state(interval):
            weights_sha256 = self._stage_resume_state(interval, optimizer, llama_weights)
            self._reach(Point.RESUME_STAGED)
        staging = self._store.staging(self._run, interval, CheckpointPart.CHECKPOINT, attempt=self._attempt)
        if self._has_weights(interval):
            weights_sha256 = staging.save_tensors(WEIGHTS_NAME, llama_weights, _METADATA)
        weights_sha256 = weights_sha256 or _tensors_sha256(llama_weights)
        self._reach(Point.WEIGHTS_WRITTEN)
        staging.write("config.json", _json(llama_config(self._model)))
        tokens = _npz(loss_nats=scores.loss_nats, rank=scores.rank, num_ties=scores.num_ties)
        tokens_sha256 = staging.write(SCORES_NAME, tokens)
        staging.write(STEPS_NAME, _npz(loss_nats=steps.loss_nats, grad_norm=steps.grad_norm))
        record = make_record(FileHashes(weights=weights_sha256, tokens=tokens_sha256))
        staging.write(RECORD_NAME, _json(record.to_dict()))
        staging.seal()
        self._reach(Point.CHECKPOINT_STAGED)
        return record

    def inspect(self, *, known: frozenset[int]) -> "Inspection":
        """Verify every interval on disk and read the newest from which the run can go on.

        Args:
            known: Intervals whose record the ledger has. A run never goes on past one that is neither known nor whole
                on disk: it would stay missing.
        """
        damages: list[Damage] = []
        records: dict[int, IntervalRecord] = {}
        resumable: set[int] = set()
        num_intervals = self._num_intervals
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
            newest=None if newest is None else self.read(records[newest]),
            resumable={
                interval: records[interval] for interval in sorted(resumable & records.keys()) if interval < first_gap
            },
            records=tuple(records.values()),
            damages=tuple(damages),
            is_complete=not self._has_resume_state(num_intervals - 1) and first_gap == num_intervals,
        )

    def read(self, record: IntervalRecord) -> ResumePoint:
        """All that the run needs to go on after the interval of `record`, one of `Inspection.resumable`."""
        checkpoint = self._store.published(self._run, record.interval, CheckpointPart.CHECKPOINT)
        resume_state = self._store.published(self._run, record.interval, CheckpointPart.RESUME_STATE)
        assert checkpoint is not None, "it was verified just before"
        assert resume_state is not None, "it was verified just before"
        with_weights = checkpoint if self._has_weights(record.interval) else resume_state
        return ResumePoint(
            record=record,
            weights=from_llama_names(with_weights.load_tensors(WEIGHTS_NAME), config=self._model),
            optimizer=resume_state.load_tensors("optimizer.safetensors"),
        )

    def _whole_record(self, interval: int) -> dict[int, IntervalRecord]:
        """The record of a checkpoint by its interval; empty where none is published."""
        checkpoint = self._store.published(self._run, interval, CheckpointPart.CHECKPOINT)
        if checkpoint is None:
            return {}
        names = checkpoint_names(has_weights=self._has_weights(interval))
        return {interval: read_whole_record(checkpoint, run=self._run, interval=interval, names=names)}

    def _whole_resume_state(self, interval: int) -> set[int]:
        """The interval itself; empty where no resume state is published."""
        resume_state = self._store.published(self._run, interval, CheckpointPart.RESUME_STATE)
        if resume_state is None:
            return set()
        resume_state.verify(RESUME_NAMES if self._has_weights(interval) else RESUME_NAMES | {WEIGHTS_NAME})
        return {interval}

    def _damage(self, interval: int, part: CheckpointPart, error: CheckpointError) -> Damage:
        return Damage(self._run, self._attempt, interval, part, str(error))

    def _stage_resume_state(
        self, interval: int, optimizer: dict[str, Tensor], llama_weights: dict[str, Tensor]
    ) -> str | None:
        """The sha256 of the weights, where the checkpoint does not hold them and they lie here instead."""
        staging = self._store.staging(self._run, interval, CheckpointPart.RESUME_STATE, attempt=self._attempt)
        staging.save_tensors("optimizer.safetensors", optimizer)
        has_weights = self._has_weights(interval)
        weights_sha256 = None if has_weights else staging.save_tensors(WEIGHTS_NAME, llama_weights, _METADATA)
        staging.seal()
        return weights_sha256

    def _has_weights(self, interval: int) -> bool:
        """Whether the checkpoint does."""
        return self._config.keeps_weights(interval, num_intervals=self._num_intervals)

    def _has_resume_state(self, interval: int) -> bool:
        return self._config.keeps_resume_state(interval, num_intervals=self._num_intervals)


def _tensors_sha256(tensors: Mapping[str, Tensor]) -> str:
    """Of a list of names and checksums of tensors; stands for weights of which no file is kept."""
    with ThreadPoolExecutor(max_workers=_HASHING_THREADS) as pool:
        hashes = pool.map(lambda tensor: hashlib.sha256(tensor.numpy()).hexdigest(), tensors.values())
        return hashlib.sha256(format_sums(dict(zip(tensors, hashes, strict=True))).encode()).hexdigest()


def _json(values: Mapping[str, object]) -> bytes:
    return (json.dumps(values, indent=2, allow_nan=False) + "\n").encode()


def _npz(**arrays: NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
