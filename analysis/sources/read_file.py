"""Recognise what a file is by its content, and read it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from analysis.excerpt import listed
from analysis.sources.column_choice import LEVEL_NAMES, level_column, seed_column
from analysis.sources.delimited_text import header_of, read_delimited
from analysis.sources.event_file import looks_like_events, read_event_file
from analysis.sources.file_content import read_content
from analysis.sources.mlflow_history import RUNS, is_mlflow_history, read_mlflow_history
from analysis.sources.options import SourceOptions
from analysis.sources.parquet_file import PARQUET_MAGIC, read_parquet
from analysis.sources.reading import Format, Reading
from analysis.sources.trainer_state import read_trainer_state
from analysis.sources.wandb_chart import is_wandb_chart, read_wandb_chart
from analysis.sources.wide_table import read_wide_table
from configs.errors import TableError

__all__ = ["read_file"]

WANDB_MARKS = ("_step", "_timestamp")
RUN_COLUMNS = ("run_name", "run_id", "run", "name", "Name")


def read_file(path: Path, *, options: SourceOptions, is_alone: bool) -> Reading:
    """One file as rows in long form; the content, not the name, tells the kind.

    Args:
        path: Any of the kinds that `Format` lists, gzipped or not.
        options: Columns and rules.
        is_alone: True where no other file is analysed with it, so that its own name would name a single seed.

    Raises:
        TableError: If it is none of them, or damaged.
    """
    content = read_content(path)
    if looks_like_events(content):
        return read_event_file(path, content, within=options.within)
    if content.lstrip()[:1] in (b"{", b"["):
        return read_trainer_state(path, content, within=options.within)
    try:
        table = _table(path, content, options=options)
        reading = _read_table(path, table.frame, options=options, is_alone=is_alone)
        return replace(reading, notes=(*table.notes, *reading.notes))
    except TableError as error:
        # Some sentences are about columns, and know no file.
        raise error if str(path) in str(error) else TableError(f"{path}: {error}") from error


@dataclass(frozen=True, slots=True)
class _Table:
    frame: pd.DataFrame
    notes: tuple[str, ...] = ()


def _table(path: Path, content: bytes, *, options: SourceOptions) -> _Table:
    if content.startswith(PARQUET_MAGIC):
        return _Table(read_parquet(path, content))
    header = header_of(path, content)
    keys = {options.subject_name, options.within, "condition", *RUNS, *RUN_COLUMNS}
    # Levels that nobody named are numbers in every log that is known.
    frame = read_delimited(path, content, text_columns=[name for name in header.names if name in keys])
    return _Table(frame, header.notes(path))


def _read_table(path: Path, table: pd.DataFrame, *, options: SourceOptions, is_alone: bool) -> Reading:
    names = list(table.columns)
    if options.wide is not None:
        return read_wide_table(path, table, wide=options.wide, options=options)
    if table.empty:
        raise TableError(f"{path} has columns but no rows; give at least one row per cell")
    if is_wandb_chart(names):
        return read_wandb_chart(path, table)
    if is_mlflow_history(names):
        return read_mlflow_history(path, table, subject=options.subject, within=options.within)
    if set(WANDB_MARKS) <= set(names):
        return _read_wandb_history(path, table, options=options)
    subject = seed_column(table, options=options)
    if subject is not None and options.within is None and not set(LEVEL_NAMES) & set(names):
        raise TableError(
            f"{path} has no column 'interval' or 'step'; its columns are {listed(names)}: name the levels' column with "
            "--within, or say --wide levels if each other column is a level"
        )
    if subject is None and is_alone and options.subject_from is None:
        raise TableError(_no_seed(path, names))
    return Reading(
        path=path,
        format=Format.TABLE,
        frame=table,
        subject=subject,
        within=level_column(table, options=options),
        is_log=subject is None,
    )


def _read_wandb_history(path: Path, table: pd.DataFrame, *, options: SourceOptions) -> Reading:
    known = [name for name in RUN_COLUMNS if name in table.columns]
    subject = seed_column(table, options=options) or (known[0] if known else None)
    return Reading(
        path=path,
        format=Format.WANDB_HISTORY,
        frame=table,
        subject=subject,
        within=options.within or WANDB_MARKS[0],
        is_log=True,
    )


def _no_seed(path: Path, names: Sequence[str]) -> str:
    if not set(LEVEL_NAMES) & set(names):
        return (
            f"{path} has no column 'seed'; its columns are {listed(list(names))}: name the seeds' column with "
            "--subject, or say of a wide table what its columns are, --wide levels (one row per seed) or --wide seeds "
            "(one row per level)"
        )
    return (
        f"{path} has no column 'seed'; its columns are {listed(list(names))}: name the seeds' column with --subject, "
        "give one file per seed, or say --wide seeds if each column is a seed"
    )
