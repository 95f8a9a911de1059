"""Write and read the directory that one interval of one run leaves."""

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
from safetensors.torch import load_file, save_file
from torch import Tensor

from configs.durable import move_directory_durably
from configs.errors import CheckpointError
from configs.model import ModelConfig
from configs.run_paths import RunPaths
from workers.checksums import file_sha256, verify_checksums, write_checksums
from workers.evaluation import TokenScores
from workers.llama_format import from_llama_names, llama_config, to_llama_names
from workers.records import IntervalRecord, RunId

__all__ = ["CheckpointDirectory", "FileHashes", "ResumePoint"]


# The newest interval and the one before it, in case the newest is damaged.
_KEPT_RESUME_STATES = 2


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


@final
class CheckpointDirectory:
    """The checkpoints of one run. Directories are finished under another name and then moved into place."""

    def __init__(self, paths: RunPaths, *, run: RunId, model: ModelConfig) -> None:
        self._paths = paths
        self._run = run
        self._model = model

    def write(
        self,
        interval: int,
        *,
        weights: dict[str, Tensor],
        optimizer: dict[str, Tensor],
        scores: TokenScores,
        make_record: Callable[[FileHashes], IntervalRecord],
    ) -> IntervalRecord:
        """Make one interval durable: its resume state first, then its checkpoint, then older resume states go.

        Args:
            interval: Index of the interval.
            weights: Parameters under our own names.
            optimizer: The optimizer's moments; empty at interval 0.
            scores: The evaluation of these weights.
            make_record: Gives the record, once the hashes of the files that it names are known.

        Returns:
            The record as written.
        """
        self._write_resume_state(interval, optimizer)
        final_dir = self._paths.checkpoint_dir(self._run.condition, self._run.seed, interval)
        partial = _fresh_partial(final_dir)
        save_file(to_llama_names(weights, config=self._model), partial / "model.safetensors", {"format": "pt"})
        (partial / "config.json").write_text(json.dumps(llama_config(self._model), indent=2) + "\n", encoding="utf-8")
        (partial / "tokens.npz").write_bytes(_npz(scores))
        record = make_record(
            FileHashes(weights=file_sha256(partial / "model.safetensors"), tokens=file_sha256(partial / "tokens.npz"))
        )
        (partial / "record.json").write_text(json.dumps(record.to_dict(), indent=2) + "\n", encoding="utf-8")
        write_checksums(partial)
        move_directory_durably(partial, final_dir)
        self._drop_resume_states_before(interval - _KEPT_RESUME_STATES + 1)
        return record

    def records(self, *, up_to: int) -> list[IntervalRecord]:
        """The records of intervals 0 to `up_to`, read back."""
        return [self._read_record(interval) for interval in range(up_to + 1)]

    def newest(self, *, num_intervals: int) -> ResumePoint | None:
        """The newest interval whose files all hold what their checksums promise, or None where there is none."""
        for interval in reversed(range(num_intervals)):
            if self._dir(interval).is_dir():
                try:
                    return self._read(interval)
                except CheckpointError:
                    continue
        return None

    def _read(self, interval: int) -> ResumePoint:
        resume_dir = self._paths.resume_dir(self._run.condition, self._run.seed, interval)
        verify_checksums(self._dir(interval))
        verify_checksums(resume_dir)
        weights = load_file(self._dir(interval) / "model.safetensors")
        return ResumePoint(
            record=self._read_record(interval),
            weights=from_llama_names(weights, config=self._model),
            optimizer=load_file(resume_dir / "optimizer.safetensors"),
        )

    def _read_record(self, interval: int) -> IntervalRecord:
        path = self._paths.record_file(self._run.condition, self._run.seed, interval)
        try:
            return IntervalRecord.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{path} does not hold a record: {error}") from error

    def _dir(self, interval: int) -> Path:
        return self._paths.checkpoint_dir(self._run.condition, self._run.seed, interval)

    def _write_resume_state(self, interval: int, optimizer: dict[str, Tensor]) -> None:
        final_dir = self._paths.resume_dir(self._run.condition, self._run.seed, interval)
        partial = _fresh_partial(final_dir)
        save_file(optimizer, partial / "optimizer.safetensors")
        write_checksums(partial)
        move_directory_durably(partial, final_dir)

    def _drop_resume_states_before(self, interval: int) -> None:
        for older in range(interval):
            shutil.rmtree(self._paths.resume_dir(self._run.condition, self._run.seed, older), ignore_errors=True)


def _fresh_partial(final_dir: Path) -> Path:
    partial = final_dir.with_name(f".{final_dir.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    return partial


def _npz(scores: TokenScores) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, loss_nats=scores.loss_nats, rank=scores.rank, num_ties=scores.num_ties)
    return buffer.getvalue()
