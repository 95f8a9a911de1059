"""Turn a wide table into long form, once it is said what its columns stand for."""

from pathlib import Path

import pandas as pd

from analysis.columns import numbers_in
from analysis.excerpt import excerpt, listed
from analysis.sources.options import SourceOptions, Wide
from analysis.sources.reading import Format, Reading
from configs.errors import TableError

__all__ = ["read_wide_table"]

ROW = "row"
LEVEL = "level"
VALUE = "value"


def read_wide_table(path: Path, table: pd.DataFrame, *, wide: Wide, options: SourceOptions) -> Reading:
    """One row per cell; the metric is the one that was named, or `value`.

    Args:
        path: Where it came from.
        table: One column names the rows; each of the others holds the numbers of one level, or of one seed.
        wide: Which.
        options: Names of the seeds' and levels' columns, and of the metric.

    Raises:
        TableError: If more than one metric is named, the named column is missing, or another column is no numbers.
    """
    if len(options.metrics) > 1:
        raise TableError(f"{path} is read as a wide table, which holds one metric; name one with --metric")
    metric = options.metrics[0] if options.metrics else VALUE
    across = options.within if wide is Wide.LEVELS else options.subject_name
    rows = _rows_column(path, table, name=options.subject_name if wide is Wide.LEVELS else options.within, wide=wide)
    notes: tuple[str, ...] = ()
    if rows is None:
        rows = options.subject_name
        table = table.assign(**{rows: range(1, len(table) + 1)})
        notes = (f"the table names no {rows}; its rows are numbered from 1",)
    across = across or LEVEL
    values = [name for name in table.columns if name != rows]
    if {across, metric} & set(table.columns) or across == metric:
        raise TableError(f"{path} has a column of the name {excerpt(across)} or {excerpt(metric)} already; rename it")
    for name in values:
        _check_numbers(path, table, name=name, rows=rows, wide=wide)
    long = table.melt(id_vars=[rows], value_vars=values, var_name=across, value_name=metric)
    subject, within = (rows, across) if wide is Wide.LEVELS else (across, rows)
    return Reading(
        path=path, format=Format.WIDE_TABLE, frame=long, subject=subject, within=within, is_log=False, notes=notes
    )


def _rows_column(path: Path, table: pd.DataFrame, *, name: str | None, wide: Wide) -> str | None:
    if name is not None and name in table.columns:
        return name
    if wide is Wide.SEEDS and name is None:
        return str(table.columns[0])
    is_default = wide is Wide.LEVELS and name == SourceOptions().subject_name
    if is_default:
        return None
    raise TableError(f"{path} has no column {excerpt(name or '')}; its columns are {listed(list(table.columns))}")


def _check_numbers(path: Path, table: pd.DataFrame, *, name: str, rows: str, wide: Wide) -> None:
    option = "--subject" if wide is Wide.LEVELS else "--within"
    remedy = f"remove the column {excerpt(name)}, or name the rows' column with {option}"
    try:
        numbers_in(table, column=name, remedy=remedy)
    except TableError as error:
        raise TableError(
            f"{path} is read as a wide table whose rows are named by {excerpt(rows)}, but {error}"
        ) from error
