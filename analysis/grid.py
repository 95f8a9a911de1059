"""Arrange one metric as a grid of subjects by levels."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.columns import numbers_in, require_columns, require_labels
from analysis.levels import Label, ordered_labels, plain_label
from configs.errors import TableError

__all__ = ["Grid", "grid_from_frame", "positions_of", "with_every_interval"]

LARGEST_NUM_CELLS = 50_000_000  # 400 MB for one metric


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
        TableError: If a column is missing, a label is missing, a value is not a number, a cell appears twice, or
            nearly all of a vast grid would be empty.
    """
    require_columns(frame, columns=(subject, within, metric))
    for column in (subject, within):
        require_labels(frame, column=column)
    numbers = numbers_in(frame, column=metric)
    rows, columns = _axis(frame[subject]), _axis(frame[within])
    _reject_vast(rows, columns, subject=subject, within=within)
    _reject_duplicates(rows, columns, subject=subject, within=within)
    values = np.full((len(rows.labels), len(columns.labels)), np.nan)
    values[rows.positions, columns.positions] = numbers
    return Grid(values=values, subjects=rows.labels, levels=columns.labels)


def positions_of(column: pd.Series, *, labels: tuple[Label, ...]) -> NDArray[np.intp]:
    """Where in `labels` each row belongs, shape (num_rows,).

    Args:
        column: One label per row, none missing and each among `labels`.
        labels: Each label once.
    """
    codes, distinct = pd.factorize(column)
    place_of = {label: place for place, label in enumerate(labels)}
    return np.array([place_of[plain_label(label)] for label in distinct], dtype=np.intp)[codes]


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


@dataclass(frozen=True)
class _Axis:
    labels: tuple[Label, ...]
    positions: NDArray[np.intp]
    """Where in `labels` each row of the table belongs, shape (num_rows,)."""


def _axis(column: pd.Series) -> _Axis:
    labels = ordered_labels(column.drop_duplicates())
    return _Axis(labels=labels, positions=positions_of(column, labels=labels))


def _reject_vast(rows: _Axis, columns: _Axis, *, subject: str, within: str) -> None:
    num_rows, num_columns = len(rows.labels), len(columns.labels)
    if num_rows * num_columns > LARGEST_NUM_CELLS:
        raise TableError(
            f"{num_rows:,} x {num_columns:,} cells ({subject} x {within}) for {len(rows.positions):,} rows: nearly all "
            f"are empty; choose a column for {within} whose values the subjects share"
        )


def _reject_duplicates(rows: _Axis, columns: _Axis, *, subject: str, within: str) -> None:
    cells, counts = np.unique(rows.positions * len(columns.labels) + columns.positions, return_counts=True)
    if (counts > 1).any():
        row, column = divmod(int(cells[counts > 1][0]), len(columns.labels))
        raise TableError(
            f"the cell {subject}={rows.labels[row]}, {within}={columns.labels[column]} appears {int(counts.max())} "
            "times; keep one row per cell (several conditions are analysed one at a time)"
        )
