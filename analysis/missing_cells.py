"""List the cells that an experiment should have and a table has not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from analysis.columns import numbers_in, require_columns, require_labels
from configs.errors import TableError
from configs.experiment import BASE_CONDITION

__all__ = ["Cell", "cells_in", "describe_cells", "missing_cells"]

KEY = ("condition", "seed", "interval")


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One condition, seed and interval."""

    condition: str
    seed: int
    interval: int


def cells_in(table: pd.DataFrame) -> tuple[Cell, ...]:
    """The cells that have a row, in the table's order.

    Raises:
        TableError: If the table lacks a key column, or its seeds or intervals are no whole numbers.
    """
    if len(table) == 0:
        return ()
    require_columns(table, columns=KEY)
    seeds, intervals = (_whole_numbers(table, column=column) for column in ("seed", "interval"))
    return tuple(
        Cell(condition=str(condition), seed=seed, interval=interval)
        for condition, seed, interval in zip(table["condition"], seeds, intervals, strict=True)
    )


def missing_cells(table: pd.DataFrame, *, expected: Iterable[Cell]) -> tuple[Cell, ...]:
    """The expected cells without a row, sorted.

    Args:
        table: One row per cell.
        expected: All cells of the experiment.
    """
    wanted = set(expected)
    return tuple(sorted(wanted - set(cells_in(table)))) if wanted else ()


def describe_cells(cells: Sequence[Cell]) -> str:
    """Name cells by seed and ranges of intervals, such as "seed 303 intervals 15-20; seed 404 interval 3".

    Args:
        cells: Sorted. The condition is named unless it is the only one, `base`.
    """
    names_condition = {cell.condition for cell in cells} != {BASE_CONDITION}
    parts = []
    for (condition, seed), group in groupby(cells, key=lambda cell: (cell.condition, cell.seed)):
        intervals = [cell.interval for cell in group]
        prefix = f"{condition} " if names_condition else ""
        noun = "interval" if len(intervals) == 1 else "intervals"
        parts.append(f"{prefix}seed {seed} {noun} {_ranges(intervals)}")
    return "; ".join(parts)


def _whole_numbers(table: pd.DataFrame, *, column: str) -> list[int]:
    require_labels(table, column=column)
    numbers = numbers_in(table, column=column)
    if (numbers % 1 != 0).any():
        raise TableError(f"the column {column!r} holds fractions; an experiment's table counts in whole numbers")
    return [int(number) for number in numbers]


def _ranges(intervals: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for interval in intervals:
        if runs and interval == runs[-1][-1] + 1:
            runs[-1].append(interval)
        else:
            runs.append([interval])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
