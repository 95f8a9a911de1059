"""Derive perplexity and rolling volatility for a table that holds only a validation loss."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.audit import without_unusable
from analysis.grid import grid_from_frame, positions_of
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
        losses = frame["val_loss"].to_numpy(dtype=np.float64, na_value=np.nan)
        # A loss that is not finite has no perplexity, though exp(20) would look like one.
        derived["val_ppl"] = np.where(np.isfinite(losses), np.exp(np.minimum(losses, LARGEST_EXPONENT)), np.nan)
    if "rolling_volatility" not in frame.columns:
        derived["rolling_volatility"] = np.nan
        for rows in _by_condition(frame, keys=(subject, within)):
            derived.loc[rows.index, "rolling_volatility"] = _volatility(
                rows, subject=subject, within=within, telemetry=telemetry
            )
    return derived


def _by_condition(frame: pd.DataFrame, *, keys: tuple[str, str]) -> list[pd.DataFrame]:
    if "condition" not in frame.columns or "condition" in keys:
        return [frame]
    return [rows for _, rows in frame.groupby("condition", sort=False)]


def _volatility(rows: pd.DataFrame, *, subject: str, within: str, telemetry: TelemetryConfig) -> NDArray[np.float64]:
    grid = grid_from_frame(rows, subject=subject, within=within, metric="val_loss")
    volatility = published_telemetry(without_unusable(grid.values), telemetry=telemetry).rolling_volatility
    return volatility[positions_of(rows[subject], labels=grid.subjects), positions_of(rows[within], labels=grid.levels)]
