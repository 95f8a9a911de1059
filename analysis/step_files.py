"""Read what every optimizer step of one run showed, from the files beside its checkpoints."""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from configs.run_paths import RunPaths

__all__ = ["StepStretch", "read_step_stretches"]


@dataclass(frozen=True)
class StepStretch:
    """Steps that follow one another without a gap; every array has shape (num_steps,)."""

    step: NDArray[np.int64]
    """Number of the step, from 1 on."""
    interval: NDArray[np.int64]
    """The interval that the step belongs to."""
    loss: NDArray[np.float64]
    """In nats per token, before the step's update."""
    grad_norm: NDArray[np.float64]
    """Before clipping."""


def read_step_stretches(
    paths: RunPaths, *, condition: str, seed: int, last_steps: Mapping[int, int], problems: list[str]
) -> tuple[StepStretch, ...]:
    """Join the steps of a run's intervals, as far as they follow one another.

    An interval without a file, as in run directories of earlier versions, ends a stretch; a damaged file is reported.

    Args:
        paths: Names in the run directory.
        condition: Of the run.
        seed: Of the run.
        last_steps: Number of the last step of each interval that the run's table has.
        problems: A sentence is added for each file that was there and could not be used.
    """
    stretches: list[list[StepStretch]] = []
    for interval, last_step in sorted(last_steps.items()):
        part = _read(paths.steps_file(condition, seed, interval), interval, last_step=last_step, problems=problems)
        if part is None:
            continue
        if stretches and stretches[-1][-1].step[-1] + 1 == part.step[0]:
            stretches[-1].append(part)
        else:
            stretches.append([part])
    return tuple(_joined(parts) for parts in stretches)


def _read(path: Path, interval: int, *, last_step: int, problems: list[str]) -> StepStretch | None:
    """The steps of one interval; None where there is no file, or no step in it."""
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            loss = np.asarray(arrays["loss_nats"], dtype=np.float64)
            grad_norm = np.asarray(arrays["grad_norm"], dtype=np.float64)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        problems.append(f"{path} cannot be read ({error}); its steps are not judged")
        return None
    if loss.ndim != 1 or loss.shape != grad_norm.shape or len(loss) > last_step:
        problems.append(f"{path} does not hold one loss and one gradient norm per step; its steps are not judged")
        return None
    if len(loss) == 0:
        return None
    step = np.arange(last_step - len(loss) + 1, last_step + 1)
    return StepStretch(step=step, interval=np.full(len(loss), interval), loss=loss, grad_norm=grad_norm)


def _joined(parts: list[StepStretch]) -> StepStretch:
    return StepStretch(
        step=np.concatenate([part.step for part in parts]),
        interval=np.concatenate([part.interval for part in parts]),
        loss=np.concatenate([part.loss for part in parts]),
        grad_norm=np.concatenate([part.grad_norm for part in parts]),
    )
