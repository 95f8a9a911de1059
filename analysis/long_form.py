"""Load any measurements in long form for the analysis."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.columns import require_labels
from analysis.grid import grid_from_frame
from analysis.read_table import read_table

__all__ = ["load_long_form"]


def load_long_form(path: Path, *, subject: str, within: str, metrics: Sequence[str]) -> pd.DataFrame:
    """Read a CSV or Parquet file and check that it can be analysed.

    Args:
        path: One row per cell.
        subject: Column naming the subject, usually `seed`.
        within: Column naming the level, usually `interval`.
        metrics: Columns with numbers.

    Returns:
        The whole table, other columns included. With a column `condition`, cells are counted within each condition.

    Raises:
        TableError: If the file cannot be read, a column is missing (the nearest names are given), a subject or level is
            missing, a metric is not a number, a cell appears twice, or a row has no condition though others have.
    """
    table = read_table(path)
    for metric in metrics:
        for rows in _rows_by_condition(table, keys=(subject, within)):
            grid_from_frame(rows, subject=subject, within=within, metric=metric)
    return table


def _rows_by_condition(table: pd.DataFrame, *, keys: Sequence[str]) -> tuple[pd.DataFrame, ...]:
    if "condition" not in table.columns or "condition" in keys or table.empty:
        return (table,)
    require_labels(table, column="condition")
    return tuple(table[table["condition"] == name] for name in dict.fromkeys(table["condition"]))
