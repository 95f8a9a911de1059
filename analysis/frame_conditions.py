"""Analyse a long-form table that may hold several conditions."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.audit import Missing
from analysis.compared_conditions import compared_conditions
from analysis.frame_statistics import analyze_frame
from analysis.simultaneous import Reference
from configs.telemetry import TelemetryConfig

__all__ = ["analyze_conditions"]


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def analyze_conditions(
    frame: pd.DataFrame,
    *,
    subject: str,
    within: str,
    metrics: Sequence[str],
    missing: Missing,
    telemetry: TelemetryConfig,
    reference: Reference = Reference.LAST,
) -> dict[str, Any]:
    """The dictionary of `analyze_frame`, with more keys where the column `condition` names several conditions.

    Args:
        frame: One row per condition, subject and level.
        subject: Column naming the subject.
        within: Column naming the level.
        metrics: Columns with numbers.
        missing: What a missing cell does.
        telemetry: Window and thresholds.
        reference: The level with which the others are compared, decided on before looking.

    Returns:
        The first condition at the top level; where there are several, `conditions` holds each by name and
        `condition_by_interval` compares them, metric by metric.

    Raises:
        TableError: As `analyze_frame`.
    """
    is_grouped = "condition" in frame.columns and "condition" not in (subject, within) and not frame.empty
    parts = [rows for _, rows in frame.groupby("condition", sort=False, dropna=False)] if is_grouped else [frame]
    results = [
        analyze_frame(rows, subject, within, metrics, missing=missing, telemetry=telemetry, reference=reference)
        for rows in parts
    ]
    if len(results) == 1:
        return results[0]
    return {
        **results[0],
        "conditions": {result["design"]["condition"]: result for result in results},
        "condition_by_interval": compared_conditions(frame, subject=subject, within=within, metrics=metrics),
    }
