"""Turn rows of (cell, metric, value) into one column per metric."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.columns import numbers_in, require_columns, require_labels
from configs.errors import TableError

__all__ = ["metrics_as_columns"]

# Distinguishes values of one metric that claim the same cell, so that a later stage can refuse or choose.
_OCCURRENCE = "\0occurrence"


def metrics_as_columns(
    table: pd.DataFrame, *, path: Path, keys: Sequence[str], metric: str, value: str
) -> pd.DataFrame:
    """One row per cell and a column per metric; a cell that was logged twice keeps two rows, in their order.

    Args:
        table: One row per cell and metric.
        path: Where it came from, for the sentence.
        keys: Columns that name the cell.
        metric: Column with the metrics' names.
        value: Column with numbers.

    Raises:
        TableError: If a column is missing, a value is no number, or a metric has the name of a key.
    """
    require_columns(table, columns=[*keys, metric, value])
    for name in (*keys, metric):
        require_labels(table, column=name)
    long = table[[*keys, metric]].assign(**{value: numbers_in(table, column=value)})
    long[metric] = long[metric].astype("str")
    clash = set(keys) & set(long[metric].unique())
    if clash:
        raise TableError(f"{path} holds a metric called {sorted(clash)[0]!r}, like the column of that name; rename it")
    long[_OCCURRENCE] = long.groupby([*keys, metric], sort=False, dropna=False).cumcount()
    wide = long.set_index([*keys, _OCCURRENCE, metric])[value].unstack(metric)
    return wide.reset_index().drop(columns=_OCCURRENCE).rename_axis(columns=None)
