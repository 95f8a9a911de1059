"""Arrange one metric as a grid of subjects by levels."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.columns import numbers_in, require_columns, require_labels
from analysis.levels import Label, ordered_labels, plain_label
from configs.errors import TableError

__all__ = ["Grid", "grid_from_frame", "with_every_interval"]


@dataclass(frozen=True)
class Grid:
    """One metric, one row per subject and one column per level."""

    values: NDArray[np.float64]
    """Shape (num_subjects, num_levels); a missing cell is NaN."""
    subjects: tuple[Label, ...]
    levels: tuple[Label, ...]

    @property
    def num_subjects(self) -> int:
        """Rows."""
        return len(self.subjects)

    @property
    def num_levels(self) -> int:
        """Columns."""
        return len(self.levels)


def grid_from_frame(frame: pd.DataFrame, *, subject: str, within: str, metric: str) -> Grid:
    """Arrange a metric of a long-form table; a cell without a row is missing.

    Args:
        frame: One row per cell.
        subject: Column naming the subject, usually `seed`.
        within: Column naming the level, usually `interval`.
        metric: Column with numbers.

    Returns:
        Subjects and levels in the order of `ordered_labels`.

    Raises:
        TableError: If a column is missing, a label is missing, a value is not a number, or a cell appears twice.
    """
    require_columns(frame, columns=(subject, within, metric))
    for column in (subject, within):
        require_labels(frame, column=column)
    numbers = numbers_in(frame, column=metric)
    subjects = ordered_labels(frame[subject])
    levels = ordered_labels(frame[within])
    rows = _positions(frame[subject], labels=subjects)
    columns = _positions(frame[within], labels=levels)
    _reject_duplicates(frame, rows=rows, columns=columns, subject=subject, within=within)
    values = np.full((len(subjects), len(levels)), np.nan)
    values[rows, columns] = numbers
    return Grid(values=values, subjects=subjects, levels=levels)


def with_every_interval(grid: Grid) -> Grid:
    """The same grid with a missing column for each interval that no seed reached on the way to the highest.

    Without these columns a gap that all seeds share would look like two neighbouring intervals.

    Args:
        grid: Its levels are interval numbers, sorted.

    Raises:
        TableError: If a level is not a whole number from 0 on.
    """
    intervals = [_interval(level) for level in grid.levels]
    every = range(max(intervals, default=-1) + 1)
    values = np.full((grid.num_subjects, len(every)), np.nan)
    values[:, intervals] = grid.values
    return Grid(values=values, subjects=grid.subjects, levels=tuple(every))


def _interval(level: Label) -> int:
    if not isinstance(level, int) or level < 0:
        raise TableError(f"the interval {level!r} is not a whole number from 0 on; analyse the table as any long form")
    return level


def _positions(column: pd.Series, *, labels: tuple[Label, ...]) -> NDArray[np.intp]:
    position_of = {label: position for position, label in enumerate(labels)}
    return np.array([position_of[plain_label(label)] for label in column], dtype=np.intp)


def _reject_duplicates(
    frame: pd.DataFrame, *, rows: NDArray[np.intp], columns: NDArray[np.intp], subject: str, within: str
) -> None:
    cells, counts = np.unique(np.stack([rows, columns], axis=1), axis=0, return_counts=True)
    if (counts > 1).any():
        cell, count = cells[counts > 1][0], int(counts.max())
        row = int(np.flatnonzero((rows == cell[0]) & (columns == cell[1]))[0])
        seed, level = plain_label(frame[subject].iloc[row]), plain_label(frame[within].iloc[row])
        raise TableError(
            f"the cell {subject}={seed}, {within}={level} appears {count} times; keep one row per cell (several "
            "conditions are analysed one at a time)"
        )
