"""Make the table: one row per condition, seed and interval."""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import pandas as pd

from analysis.grid import grid_from_frame, with_every_interval
from analysis.telemetry_published import PublishedTelemetry, published_telemetry
from configs.errors import TableError
from configs.telemetry import TelemetryConfig
from workers.records import IntervalRecord

__all__ = ["INTEGER_COLUMNS", "TABLE_COLUMNS", "TEXT_COLUMNS", "table_from_records", "with_table_types"]

TABLE_COLUMNS = (
    "condition",
    "seed",
    "interval",
    "step",
    "tokens",
    "target_tokens",
    "passes",
    "learning_rate",
    "train_loss",
    "val_loss",
    "val_loss_se",
    "val_ppl",
    "grad_norm",
    "delta",
    "rolling_volatility",
    "backslide",
    "backslide_magnitude",
    "backslide_frequency",
    "spike",
    "spike_rate",
    "stable_phase_candidate",
    "drawdown",
    "tokens_per_s",
    "elapsed_s",
    "energy_joules",
    "energy_source",
    "threads",
    "cpu_model",
    "attempt",
)
TEXT_COLUMNS = ("condition", "energy_source", "cpu_model")
INTEGER_COLUMNS = (
    "seed",
    "interval",
    "step",
    "tokens",
    "target_tokens",
    "backslide",
    "backslide_frequency",
    "spike",
    "stable_phase_candidate",
    "threads",
    "attempt",
)
_KEY = ["condition", "seed", "interval"]
_TELEMETRY_COLUMNS = tuple(field.name for field in fields(PublishedTelemetry) if field.name in TABLE_COLUMNS)
_RECORD_COLUMNS = tuple(name for name in TABLE_COLUMNS if name not in _TELEMETRY_COLUMNS)


def table_from_records(records: Sequence[IntervalRecord], *, telemetry: TelemetryConfig) -> pd.DataFrame:
    """One row per record, sorted by condition, seed and interval, with the published telemetry.

    Cells without a record have no row. Telemetry whose window reaches over such a gap is missing. The cutoff of
    `stable_phase_candidate` is a quantile over the condition's rows as they are.

    Args:
        records: In any order.
        telemetry: Window and thresholds.

    Returns:
        The columns of `TABLE_COLUMNS`; integers are nullable Int64, floats float64, an undefined value is missing.

    Raises:
        TableError: If two records claim the same cell.
    """
    rows = [{name: getattr(record, name) for name in _RECORD_COLUMNS} for record in records]
    table = pd.DataFrame(rows, columns=list(_RECORD_COLUMNS)).sort_values(_KEY, ignore_index=True)
    _reject_duplicates(table)
    for name in _TELEMETRY_COLUMNS:
        table[name] = np.nan
    for condition in table["condition"].unique():
        chosen = table["condition"] == condition
        measures = _telemetry_rows(table[chosen], telemetry=telemetry)
        table.loc[chosen, list(_TELEMETRY_COLUMNS)] = measures.to_numpy()
    return with_table_types(table[list(TABLE_COLUMNS)])


def with_table_types(table: pd.DataFrame) -> pd.DataFrame:
    """The same values as nullable integers, floats and text.

    Args:
        table: Columns of `TABLE_COLUMNS`.
    """
    types = {
        name: "Int64" if name in INTEGER_COLUMNS else "str" if name in TEXT_COLUMNS else "float64"
        for name in table.columns
    }
    return table.astype(types)


def _telemetry_rows(rows: pd.DataFrame, *, telemetry: TelemetryConfig) -> pd.DataFrame:
    grid = with_every_interval(grid_from_frame(rows, subject="seed", within="interval", metric="val_loss"))
    measures = published_telemetry(grid.values, telemetry=telemetry)
    seed_rows = [grid.subjects.index(int(seed)) for seed in rows["seed"]]
    levels = [grid.levels.index(int(interval)) for interval in rows["interval"]]
    return pd.DataFrame({name: getattr(measures, name)[seed_rows, levels] for name in _TELEMETRY_COLUMNS})


def _reject_duplicates(table: pd.DataFrame) -> None:
    repeated = table[table.duplicated(_KEY)]
    if not repeated.empty:
        row = repeated.iloc[0]
        raise TableError(
            f"two records claim condition {row['condition']}, seed {row['seed']}, interval {row['interval']}; "
            "the ledger must hold one"
        )
