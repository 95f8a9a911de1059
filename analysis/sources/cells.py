"""Make one row per cell out of rows that may hold some of a cell, or a cell twice."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.columns import numbers_in
from analysis.excerpt import excerpt
from analysis.levels import plain_label
from analysis.sources.options import Duplicates
from configs.counted import counted
from configs.errors import TableError

__all__ = ["Cells", "one_row_per_cell", "rows_with_values"]


@dataclass(frozen=True)
class Cells:
    """One row per cell, and what was done to get there."""

    frame: pd.DataFrame
    notes: tuple[str, ...]


def rows_with_values(frame: pd.DataFrame, *, subject: str, metrics: Sequence[str]) -> Cells:
    """The rows of a log that hold one of the metrics at least.

    Args:
        frame: Rows that each hold some metrics.
        subject: Column that names the seeds.
        metrics: Columns with numbers.

    Raises:
        TableError: If a seed has no value of some metric at all, and would vanish.
    """
    for metric in metrics:
        has_value = frame[metric].notna()
        absent = set(frame[subject].unique()) - set(frame.loc[has_value, subject].unique())
        if absent:
            name = min(absent, key=str)
            raise TableError(
                f"{subject} {excerpt(name)} logged no {excerpt(metric)}; leave its file out, or choose another --metric"
            )
    kept = frame[frame[list(metrics)].notna().any(axis=1)]
    num_others = len(frame) - len(kept)
    names = ", ".join(metrics)
    return Cells(
        kept, (f"{counted(num_others, 'row')} of the logs without {names}: passed over",) if num_others else ()
    )


def one_row_per_cell(
    frame: pd.DataFrame, *, keys: Sequence[str], metrics: Sequence[str], duplicates: Duplicates
) -> Cells:
    """Join the rows of a cell that hold different metrics; refuse, or choose between, two values of one metric.

    Args:
        frame: Rows in the order in which they were written.
        keys: Columns that name the cell, none of their values missing.
        metrics: Columns with numbers; a missing value is no value.
        duplicates: What two values of one metric in one cell mean.

    Raises:
        TableError: Under `Duplicates.REFUSE`, naming the first such cell.
    """
    is_repeated = frame.duplicated(list(keys), keep=False)
    if not is_repeated.any():
        return Cells(frame, ())
    repeated = frame[is_repeated]
    twice = {metric: _repeats(repeated, keys=keys, metric=metric) for metric in metrics}
    num_twice = sum(map(len, twice.values()))
    if num_twice and duplicates is Duplicates.REFUSE:
        raise TableError(_sentence(repeated, twice=twice, keys=keys))
    by_cell = repeated.groupby(list(keys), sort=False, observed=True)
    # Both skip what is missing, column by column.
    joined = (by_cell.first() if duplicates is not Duplicates.LAST else by_cell.last()).reset_index()
    result = pd.concat([frame[~is_repeated], joined[list(frame.columns)]], ignore_index=True)
    if not num_twice:
        return Cells(result, ())
    note = f"{counted(num_twice, 'repeated value')}: the {duplicates.value} of each cell is used (--duplicates)"
    return Cells(result, (note,))


def _repeats(rows: pd.DataFrame, *, keys: Sequence[str], metric: str) -> pd.DataFrame:
    valued = rows[rows[metric].notna()]
    return valued[valued.duplicated(list(keys))]


def _sentence(rows: pd.DataFrame, *, twice: dict[str, pd.DataFrame], keys: Sequence[str]) -> str:
    metric, repeats = next((metric, found) for metric, found in twice.items() if len(found))
    cell = repeats.iloc[0]
    is_cell = pd.Series(True, index=rows.index)
    for key in keys:
        is_cell &= rows[key] == cell[key]
    values = rows.loc[is_cell, metric].dropna()
    place = ", ".join(f"{key}={plain_label(cell[key])}" for key in keys)
    shown = " and ".join(f"{value:g}" for value in numbers_in(values.to_frame(), column=metric)[:2])
    others = f", and {counted(len(repeats) - 1, 'more repeated value')}" if len(repeats) > 1 else ""
    return (
        f"the cell {place} appears {len(values)} times for {metric} ({shown}){others}; keep one row per cell, or say "
        "with --duplicates first or last which one counts, as after the restart of a run"
    )
