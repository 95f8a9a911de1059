"""Read the standard error of each delta from the token losses that a run's checkpoints hold."""

import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.missing_cells import Cell, describe_cells
from configs.counted import counted
from configs.run_paths import RunPaths

__all__ = ["PairedErrors", "paired_standard_error", "read_paired_errors"]

_NUM_NAMED = 6


@dataclass(frozen=True)
class PairedErrors:
    """Standard errors of the paired evaluation differences between neighbouring intervals."""

    standard_errors: Mapping[Cell, float]
    """In nats, by the later cell of each pair."""
    problems: tuple[str, ...]
    """A sentence for each file that could not be used, and one for all that are missing."""


def read_paired_errors(paths: RunPaths, *, cells: Iterable[Cell]) -> PairedErrors:
    """Pair the token losses of each cell with those of the interval before it.

    A checkpoint without token losses leaves its pairs out, and is reported.

    Args:
        paths: Names in the run directory.
        cells: Of the run's table.
    """
    standard_errors: dict[Cell, float] = {}
    problems: list[str] = []
    before: tuple[Cell, NDArray[np.float64] | None] | None = None
    missing: list[Cell] = []
    ordered = sorted(cells)
    for cell in ordered:
        file = paths.tokens_file(cell.condition, cell.seed, cell.interval)
        losses = _losses(file, problems=problems) if file.is_file() else None
        if not file.is_file():
            missing.append(cell)
        if before is not None and losses is not None and before[1] is not None and _follows(cell, before=before[0]):
            if losses.shape == before[1].shape and losses.size > 1:
                standard_errors[cell] = paired_standard_error(losses, before=before[1])
            else:
                problems.append(
                    f"seed {cell.seed} interval {cell.interval} was not evaluated on the tokens of the interval before"
                )
        before = (cell, losses)
    if missing:
        problems.append(_said_of(missing, num_cells=len(ordered)))
    return PairedErrors(standard_errors=standard_errors, problems=tuple(problems))


def paired_standard_error(losses: NDArray[np.float64], *, before: NDArray[np.float64]) -> float:
    """sd(l_t - l_{t-1}) / sqrt(num_tokens), n - 1 in the sd.

    Tokens are taken as independent; within a story they are not quite, so that the error is somewhat too small.

    Args:
        losses: Losses of the same tokens, in nats, shape (num_tokens,).
        before: The same at the interval before.
    """
    return float(np.std(losses - before, ddof=1) / np.sqrt(len(losses)))


def _said_of(missing: list[Cell], *, num_cells: int) -> str:
    named = describe_cells(missing[:_NUM_NAMED]) + ("; ..." if len(missing) > _NUM_NAMED else "")
    holds = "holds" if len(missing) == 1 else "hold"
    return (
        f"{len(missing):,} of {counted(num_cells, 'checkpoint')} {holds} no token losses ({named}); "
        "backslides that are judged by them are counted over the other deltas alone"
    )


def _follows(cell: Cell, *, before: Cell) -> bool:
    return cell == Cell(condition=before.condition, seed=before.seed, interval=before.interval + 1)


def _losses(path: Path, *, problems: list[str]) -> NDArray[np.float64] | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            losses = np.asarray(arrays["loss_nats"], dtype=np.float64)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        problems.append(f"{path} cannot be read ({error}); its deltas have no standard error")
        return None
    if losses.ndim != 1 or not np.isfinite(losses).all():
        problems.append(f"{path} does not hold one finite loss per token; its deltas have no standard error")
        return None
    return losses
