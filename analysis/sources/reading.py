"""What one file gave, before the files are put together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pandas as pd

from analysis.excerpt import excerpt, path_text

__all__ = ["Format", "Reading", "note_on_nan"]


class Format(StrEnum):
    """The kinds of files that are understood, by the name that the audit gives them."""

    TABLE = "table in long form"
    WIDE_TABLE = "wide table"
    EVENTS = "TensorBoard event file"
    WANDB_CHART = "W&B chart export"
    WANDB_HISTORY = "W&B history export"
    MLFLOW_HISTORY = "MLflow metric history"
    TRAINER_STATE = "Hugging Face trainer_state.json"


@dataclass(frozen=True)
class Reading:
    """The rows of one file in long form: a column per metric, any number of rows per cell."""

    path: Path
    format: Format
    frame: pd.DataFrame
    subject: str | None
    """Column that names the seeds; None where the file's own name must."""
    within: str
    """Column that names the levels."""
    is_log: bool
    """A log's rows hold some metrics each; in a table an empty value is a missing measurement."""
    notes: tuple[str, ...] = ()
    """What a reader of the audit should know about this file."""


def note_on_nan(values: Sequence[tuple[str, float, object]], *, path: Path) -> tuple[str, ...]:
    """A sentence on values that were logged as NaN, which otherwise look as if nothing had been logged.

    Args:
        values: Metric, value and level of everything that was logged.
        path: Where they came from.
    """
    undefined = [(metric, level) for metric, value, level in values if math.isnan(value)]
    if not undefined:
        return ()
    metric, level = undefined[0]
    each = "it counts" if len(undefined) == 1 else "they count"
    return (
        f"the file {path_text(path)} logged {len(undefined):,} NaN, such as {excerpt(metric)} at {level}; {each} as "
        "missing",
    )
