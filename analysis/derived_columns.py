"""Derive perplexity and rolling volatility for a table that holds only a validation loss."""

import numpy as np
import pandas as pd

from analysis.grid import grid_from_frame
from analysis.levels import plain_label
from analysis.telemetry_published import published_telemetry
from configs.telemetry import TelemetryConfig
from workers.records import LARGEST_EXPONENT

__all__ = ["with_derived_columns"]


def with_derived_columns(frame: pd.DataFrame, *, subject: str, within: str, telemetry: TelemetryConfig) -> pd.DataFrame:
    """The frame with `val_ppl` and `rolling_volatility`, where it has `val_loss` and lacks them.

    val_ppl = exp(min(val_loss, 20)); rolling_volatility is the published one, over neighbouring levels, per condition.

    Args:
        frame: One row per cell, as `load_sources` made it.
        subject: Column naming the subject.
        within: Column naming the level.
        telemetry: The window.

    Raises:
        TableError: If a cell appears twice or a loss is not a number.
    """
    if "val_loss" not in frame.columns:
        return frame
    derived = frame.copy()
    if "val_ppl" not in frame.columns:
        derived["val_ppl"] = np.exp(np.minimum(frame["val_loss"].astype("float64"), LARGEST_EXPONENT))
    if "rolling_volatility" not in frame.columns:
        derived["rolling_volatility"] = np.nan
        for rows in _by_condition(frame):
            derived.loc[rows.index, "rolling_volatility"] = _volatility(
                rows, subject=subject, within=within, telemetry=telemetry
            )
    return derived


def _by_condition(frame: pd.DataFrame) -> list[pd.DataFrame]:
    if "condition" not in frame.columns:
        return [frame]
    return [rows for _, rows in frame.groupby("condition", sort=False)]


def _volatility(rows: pd.DataFrame, *, subject: str, within: str, telemetry: TelemetryConfig) -> list[float]:
    grid = grid_from_frame(rows, subject=subject, within=within, metric="val_loss")
    volatility = published_telemetry(grid.values, telemetry=telemetry).rolling_volatility
    subject_places = {label: place for place, label in enumerate(grid.subjects)}
    level_places = {label: place for place, label in enumerate(grid.levels)}
    return [
        float(volatility[subject_places[plain_label(one)], level_places[plain_label(other)]])
        for one, other in zip(rows[subject], rows[within], strict=True)
    ]
