"""Decide which subjects and levels an analysis uses, and say why each of the others is left out."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from analysis.grid import Grid
from analysis.levels import Label
from configs.counted import counted
from configs.errors import TableError

__all__ = ["LARGEST_MAGNITUDE", "Audited", "Dropped", "Missing", "audit_grid", "without_unusable"]

# Sums of squares of larger values, and the squares of those, leave the range of double precision (1.8e308).
LARGEST_MAGNITUDE = 1e75
NUM_NAMED = 6


class Missing(StrEnum):
    """What a missing cell does, once levels that no subject has are set aside."""

    DROP_SEEDS = "drop-seeds"
    DROP_LEVELS = "drop-levels"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A subject or level that an analysis leaves out."""

    what: str
    """`level` or `seed`; a subject of any other name is called a seed here, too."""
    id: str
    why: str


@dataclass(frozen=True)
class Audited:
    """A grid without gaps, and what was left out to get there."""

    grid: Grid
    dropped: tuple[Dropped, ...]


def audit_grid(grid: Grid, *, missing: Missing, subject: str) -> Audited:
    """Take the largest complete grid that the policy allows.

    A level undefined for every subject is dropped. What else is missing drops its subject or its level, or is an error.
    A cell that is infinite, or too large to be squared twice, counts as missing.

    Args:
        grid: Shape (num_subjects, num_levels), with gaps as NaN.
        missing: What a missing cell does.
        subject: Name of the subject column, for the reasons.

    Returns:
        The grid used and the subjects and levels left out.

    Raises:
        TableError: Under `Missing.REJECT`, naming the first missing cell.
    """
    cells = without_unusable(grid.values)
    is_present = np.isfinite(cells)
    keep_level = np.asarray(np.any(is_present, axis=0))
    gaps = ~is_present & keep_level
    if missing is Missing.REJECT:
        _reject_gaps(grid, gaps=gaps, subject=subject)
    keep_subject = np.asarray(np.any(is_present, axis=1))
    dropped = _dropped_levels(grid, keep=keep_level, why=f"undefined for every {subject}")
    if missing is Missing.DROP_LEVELS:
        gaps[~keep_subject] = False
        dropped += _levels_with_gaps(grid, gaps=gaps, subject=subject)
        keep_level = keep_level & ~np.asarray(np.any(gaps, axis=0))
        gaps = ~is_present & ~keep_subject[:, None]
    dropped += _subjects_with_gaps(grid, gaps=gaps)
    keep_subject = keep_subject & ~np.asarray(np.any(gaps, axis=1))
    used = Grid(
        values=cells[np.ix_(keep_subject, keep_level)],
        subjects=_kept(grid.subjects, keep=keep_subject),
        levels=_kept(grid.levels, keep=keep_level),
    )
    return Audited(grid=used, dropped=dropped)


def without_unusable(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same values, those infinite or too large to be squared twice as NaN."""
    return np.where(np.abs(values) <= LARGEST_MAGNITUDE, values, np.nan)


def _reject_gaps(grid: Grid, *, gaps: NDArray[np.bool_], subject: str) -> None:
    if gaps.any():
        row, column = np.argwhere(gaps)[0]
        raise TableError(
            f"{counted(int(gaps.sum()), 'missing cell')}, the first at {subject} {grid.subjects[row]}, level "
            f"{grid.levels[column]}; complete what is missing or choose drop-seeds or drop-levels"
        )


def _dropped_levels(grid: Grid, *, keep: NDArray[np.bool_], why: str) -> tuple[Dropped, ...]:
    return tuple(
        Dropped(what="level", id=str(level), why=why)
        for level, is_kept in zip(grid.levels, keep, strict=True)
        if not is_kept
    )


def _levels_with_gaps(grid: Grid, *, gaps: NDArray[np.bool_], subject: str) -> tuple[Dropped, ...]:
    return tuple(
        Dropped(
            what="level", id=str(level), why=f"missing for {subject} {_named(grid.subjects, chosen=gaps[:, column])}"
        )
        for column, level in enumerate(grid.levels)
        if gaps[:, column].any()
    )


def _subjects_with_gaps(grid: Grid, *, gaps: NDArray[np.bool_]) -> tuple[Dropped, ...]:
    return tuple(
        Dropped(what="seed", id=str(name), why=_why_subject(grid, row=row, gaps=gaps))
        for row, name in enumerate(grid.subjects)
        if gaps[row].any()
    )


def _why_subject(grid: Grid, *, row: int, gaps: NDArray[np.bool_]) -> str:
    is_infinite = gaps[row] & ~np.isnan(grid.values[row])
    is_absent = gaps[row] & np.isnan(grid.values[row])
    reasons = []
    if is_absent.any():
        reasons.append(f"missing at {_levels(grid, chosen=is_absent)}")
    if is_infinite.any():
        reasons.append(f"infinite or beyond {LARGEST_MAGNITUDE:g} at {_levels(grid, chosen=is_infinite)}")
    return "; ".join(reasons)


def _levels(grid: Grid, *, chosen: NDArray[np.bool_]) -> str:
    return f"level{'' if chosen.sum() == 1 else 's'} {_named(grid.levels, chosen=chosen)}"


def _named(labels: tuple[Label, ...], *, chosen: NDArray[np.bool_]) -> str:
    names = [str(label) for label in _kept(labels, keep=chosen)]
    rest = len(names) - NUM_NAMED
    return ", ".join(names[:NUM_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _kept(labels: tuple[Label, ...], *, keep: NDArray[np.bool_]) -> tuple[Label, ...]:
    return tuple(label for label, is_kept in zip(labels, keep, strict=True) if is_kept)
