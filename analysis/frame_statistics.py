"""Analyse any table in long form: audit, statistics by metric, telemetry."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis.audit import Audited, Missing, audit_grid, without_unusable
from analysis.audit_counts import count_used
from analysis.axis import Axis, axis_from_frame
from analysis.grid import Grid, grid_from_frame
from analysis.interval_energy import joules_beside
from analysis.metric_statistics import metric_statistics
from analysis.metric_warnings import warn_about_metrics, warn_about_same_metrics
from analysis.pairwise import Pairs
from analysis.simultaneous import Reference
from analysis.trajectory import Trajectory, summarize_trajectory
from analysis.undefined import Undefined, to_plain
from configs.errors import TableError
from configs.telemetry import TelemetryConfig

__all__ = ["SCHEMA_VERSION", "analyze_frame", "analyze_grids"]

SCHEMA_VERSION = 1
ONLY_CONDITION = "base"


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def analyze_frame(
    frame: pd.DataFrame,
    subject: str = "seed",
    within: str = "interval",
    metrics: Sequence[str] = ("val_loss",),
    *,
    missing: Missing = Missing.DROP_SEEDS,
    pairs: Pairs = Pairs.AUTO,
    reference: Reference = Reference.LAST,
    telemetry: TelemetryConfig | None = None,
) -> dict[str, Any]:
    """Analyse one condition: the dictionary that statistics.json holds.

    A level undefined for every seed is dropped; `missing` decides on any other missing cell; `audit` lists both. The
    counts under `design` are those of the first metric; each metric repeats its own. Telemetry takes neighbouring
    levels as neighbouring intervals, and is undefined in a frame without `val_loss`.

    Args:
        frame: One row per subject and level.
        subject: Column naming the subject.
        within: Column naming the level.
        metrics: Columns with numbers, each analysed by itself.
        missing: What a missing cell does.
        pairs: Which pairs of levels are compared.
        reference: The level with which the others are compared, decided on before looking.
        telemetry: Window and thresholds; the published ones by default.

    Returns:
        Plain Python values in the order of the schema; what cannot be had is `{"undefined": reason}`, never NaN.

    Raises:
        TableError: If columns or labels are missing, a metric is not a number, a cell appears twice, the frame holds
            several conditions, or cells are missing under `Missing.REJECT`.
    """
    names = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    _check_names(names, subject=subject, within=within)
    condition = _single_condition(frame, keys=(subject, within))
    grids = {name: grid_from_frame(frame, subject=subject, within=within, metric=name) for name in names}
    config = TelemetryConfig() if telemetry is None else telemetry
    return analyze_grids(
        grids,
        design={"subject": subject, "within": within, "condition": condition},
        missing=Missing(missing),
        pairs=Pairs(pairs),
        reference=Reference(reference),
        axis=axis_from_frame(frame, within=within),
        trajectory=_trajectory(frame, subject=subject, within=within, telemetry=config),
    )


def analyze_grids(
    grids: dict[str, Grid],
    *,
    design: dict[str, str],
    missing: Missing,
    pairs: Pairs,
    reference: Reference,
    axis: Axis | Undefined,
    trajectory: Trajectory | Undefined,
) -> dict[str, Any]:
    """Assemble the dictionary from one grid per metric.

    Args:
        grids: By metric, each of shape (num_seeds, num_levels), gaps as NaN.
        design: Names of subject, within factor and condition.
        missing: What a missing cell does.
        pairs: Which pairs of levels are compared.
        reference: The level with which the others are compared, decided on before looking.
        axis: Where the levels lie.
        trajectory: Telemetry and stopping of the same condition, or why there is neither.

    Raises:
        TableError: If cells are missing under `Missing.REJECT`.
    """
    audited = {metric: audit_grid(grid, missing=missing, subject=design["subject"]) for metric, grid in grids.items()}
    first = next(iter(audited.values())).grid
    return {
        "schema_version": SCHEMA_VERSION,
        "design": {
            "subject": design["subject"],
            "within": design["within"],
            "num_subjects": first.num_subjects,
            "num_levels": first.num_levels,
            "condition": design["condition"],
        },
        "audit": {
            "dropped": _dropped(audited),
            "counts": to_plain(count_used(grids, audited=audited)),
            "warnings": _warnings(grids, audited=audited, trajectory=trajectory),
        },
        "metrics": {
            metric: to_plain(metric_statistics(result.grid, pairs=pairs, axis=axis, reference=reference))
            for metric, result in audited.items()
        },
        "telemetry": to_plain(trajectory if isinstance(trajectory, Undefined) else trajectory.telemetry),
        "stopping": to_plain(trajectory if isinstance(trajectory, Undefined) else trajectory.stopping),
    }


def _check_names(names: tuple[str, ...], *, subject: str, within: str) -> None:
    if not names:
        raise TableError("no metric was named; name at least one column with numbers")
    every = (subject, within, *names)
    repeated = sorted({name for name in every if every.count(name) > 1})
    if repeated:
        raise TableError(f"the column {repeated[0]!r} has two roles; subject, within and metrics must differ")


def _single_condition(frame: pd.DataFrame, *, keys: tuple[str, str]) -> str:
    if "condition" not in frame.columns or "condition" in keys or frame.empty:
        return ONLY_CONDITION
    names = [str(name) for name in frame["condition"].dropna().unique()]
    if len(names) > 1:
        raise TableError(f"the table holds {len(names)} conditions ({', '.join(names)}); analyse one at a time")
    return names[0] if names else ONLY_CONDITION


def _trajectory(
    frame: pd.DataFrame, *, subject: str, within: str, telemetry: TelemetryConfig
) -> Trajectory | Undefined:
    if "val_loss" not in frame.columns:
        return Undefined("the table has no column 'val_loss'; telemetry and stopping are derived from it")
    measured = grid_from_frame(frame, subject=subject, within=within, metric="val_loss")
    losses = replace(measured, values=without_unusable(measured.values))
    return summarize_trajectory(
        losses,
        axis=axis_from_frame(frame, within=within),
        joules=joules_beside(losses, frame=frame, subject=subject, within=within),
        telemetry=telemetry,
    )


def _dropped(audited: dict[str, Audited]) -> list[dict[str, str]]:
    return [
        {"what": dropped.what, "id": dropped.id, "why": dropped.why, "metric": metric}
        for metric, result in audited.items()
        for dropped in result.dropped
    ]


def _warnings(grids: dict[str, Grid], *, audited: dict[str, Audited], trajectory: Trajectory | Undefined) -> list[str]:
    by_metric = warn_about_metrics({metric: result.grid for metric, result in audited.items()})
    lost = () if isinstance(trajectory, Undefined) else trajectory.warnings
    return [*warn_about_same_metrics(grids), *by_metric, *lost]
