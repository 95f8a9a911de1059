"""Compare the conditions of one table, metric by metric."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.condition_by_interval import condition_by_interval
from analysis.grid import grid_from_frame
from analysis.undefined import to_plain

__all__ = ["compared_conditions"]


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def compared_conditions(frame: pd.DataFrame, *, subject: str, within: str, metrics: Sequence[str]) -> dict[str, Any]:
    """What statistics.json says under `condition_by_interval`.

    Args:
        frame: One row per condition, subject and level, with a column `condition`.
        subject: Column naming the subject.
        within: Column naming the level.
        metrics: Columns with numbers.

    Raises:
        TableError: If a cell appears twice or a metric is not a number.
    """
    parts = {str(name): rows for name, rows in frame.groupby("condition", sort=False)}
    return {
        metric: to_plain(
            condition_by_interval(
                {
                    name: grid_from_frame(rows, subject=subject, within=within, metric=metric)
                    for name, rows in parts.items()
                }
            )
        )
        for metric in metrics
    }
