"""Read the metric history that MLflow exports: one row per run, metric and step."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.sources.pivot import metrics_as_columns
from analysis.sources.reading import Format, Reading

__all__ = ["is_mlflow_history", "read_mlflow_history"]

METRIC, VALUE, LEVEL = "key", "value", "step"
RUNS = ("run_id", "run_uuid", "run_name")


def is_mlflow_history(names: Sequence[str]) -> bool:
    """Whether a header has the columns that MLflow's metric plot downloads: run_id, key, value, step, timestamp."""
    return {METRIC, VALUE, LEVEL} <= set(names) and any(run in names for run in RUNS)


def read_mlflow_history(path: Path, table: pd.DataFrame, *, subject: str | None, within: str | None) -> Reading:
    """One row per run and step, a column per metric.

    Args:
        path: Where it came from.
        table: With a run's name or id, `key`, `value` and `step`.
        subject: Column that names the seeds; the run's id by default.
        within: Column that names the levels; `step` by default.
    """
    run = subject or next(name for name in RUNS if name in table.columns)
    level = within or LEVEL
    frame = metrics_as_columns(table, path=path, keys=(run, level), metric=METRIC, value=VALUE)
    return Reading(path=path, format=Format.MLFLOW_HISTORY, frame=frame, subject=run, within=level, is_log=True)
