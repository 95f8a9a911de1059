"""Choose the columns of seeds, levels and metrics, where the user did not."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.columns import is_nearly_numeric, require_columns
from analysis.excerpt import excerpt, listed
from analysis.sources.options import SourceOptions
from configs.errors import TableError

__all__ = ["DEFAULT_METRIC", "ChosenMetrics", "choose_metrics", "level_column", "seed_column"]

DEFAULT_METRIC = "val_loss"
NUM_SHOWN = 3
LEVEL_NAMES = (
    "interval",
    "step",
    "_step",
    "Step",
    "global_step",
    "trainer/global_step",
    "iteration",
    "tokens",
    "epoch",
)
# What our own table, Hugging Face, W&B users, Lightning and torchtune call the loss on held-out text.
LOSS_NAMES = (
    DEFAULT_METRIC,
    "eval_loss",
    "eval/loss",
    "val/loss",
    "validation/loss",
    "validation_loss",
    "valid/loss",
    "valid_loss",
    "loss/val",
    "Loss/val",
)
# Counters and clocks, which are never what a study is about.
BOOKKEEPING = {*LEVEL_NAMES, "_runtime", "_timestamp", "timestamp", "Wall time", "wall_time", "attempt", "threads"}


@dataclass(frozen=True, slots=True)
class ChosenMetrics:
    """The columns to be analysed, and why."""

    names: tuple[str, ...]
    why: str


def seed_column(frame: pd.DataFrame, *, options: SourceOptions) -> str | None:
    """The column that names the seeds, or None where the file's name must.

    Raises:
        TableError: If a column was named that is not there, and no pattern says where the seed stands instead.
    """
    if options.subject_name in frame.columns:
        return options.subject_name
    if options.subject is not None and options.subject_from is None:
        require_columns(frame, columns=(options.subject,))
    return None


def level_column(frame: pd.DataFrame, *, options: SourceOptions) -> str:
    """The column that names the levels; a pattern for the files' names may yet make it.

    Raises:
        TableError: If the one that was named is missing, or none was and none is known.
    """
    if options.within is not None:
        if f"{{{options.within}}}" not in (options.subject_from or ""):
            require_columns(frame, columns=(options.within,))
        return options.within
    known = [name for name in LEVEL_NAMES if name in frame.columns]
    if not known:
        raise TableError(
            f"no column is called {LEVEL_NAMES[0]!r} or {LEVEL_NAMES[1]!r}; name the levels' column with --within, "
            f"among {listed(list(frame.columns))}"
        )
    return known[0]


def choose_metrics(frames: Sequence[pd.DataFrame], *, keys: Sequence[str], options: SourceOptions) -> ChosenMetrics:
    """The metrics that were named; else the loss on held-out text; else the only column of numbers there is.

    A column of numbers may hold a few words, which are a mistake in it: whoever reads its numbers names the first one.

    Args:
        frames: One per file.
        keys: Columns that name the cell.
        options: What was named.

    Raises:
        TableError: If a named metric is in no file, or none was named and several columns could be meant.
    """
    columns = list(dict.fromkeys(name for frame in frames for name in frame.columns if name not in keys))
    if options.metrics:
        every = pd.DataFrame(columns=[*keys, *columns], data=[[0] * (len(keys) + len(columns))])
        require_columns(every, columns=options.metrics)
        return ChosenMetrics(options.metrics, "named")
    for name in LOSS_NAMES:
        if name in columns:
            return ChosenMetrics((name,), "the loss on held-out text, since none was named")
    measured = [name for name in columns if name not in BOOKKEEPING]
    numeric = [
        name for name in measured if any(name in frame.columns and is_nearly_numeric(frame[name]) for frame in frames)
    ]
    if len(numeric) == 1:
        return ChosenMetrics((numeric[0],), "the only column of numbers")
    choice = f"choose among {listed(numeric)}" if numeric else _no_numbers(frames, columns=measured)
    raise TableError(f"no metric was named with --metric, and no column is called {DEFAULT_METRIC!r}; {choice}")


def _no_numbers(frames: Sequence[pd.DataFrame], *, columns: Sequence[str]) -> str:
    """What stands in the other columns instead, by the first value of each."""
    firsts = {name: frame[name].dropna() for frame in reversed(frames) for name in frame.columns if name in columns}
    shown = [f"{excerpt(name)} has {excerpt(values.iloc[0])}" for name, values in firsts.items() if len(values)]
    if not shown:
        return "and there is no column of numbers"
    return (
        f"none of the others holds numbers: {', '.join(shown[:NUM_SHOWN])}{', ...' if len(shown) > NUM_SHOWN else ''}"
    )
