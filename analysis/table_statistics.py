"""Analyse an experiment's table, condition by condition."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.audit import Missing
from analysis.axis import axis_from_frame
from analysis.columns import require_columns
from analysis.common_mode import DataOrder
from analysis.compared_conditions import compared_conditions
from analysis.frame_statistics import analyze_grids
from analysis.grid import Grid, grid_from_frame, with_every_interval
from analysis.interval_energy import joules_beside
from analysis.missing_cells import Cell, missing_cells
from analysis.paired_errors import PairedErrors
from analysis.pairwise import Pairs
from analysis.simultaneous import Reference
from analysis.step_spikes import StepSpikes
from analysis.trajectory import summarize_trajectory
from configs.telemetry import TelemetryConfig

__all__ = ["TABLE_METRICS", "analyze_table"]

TABLE_METRICS = ("val_loss", "val_ppl", "rolling_volatility")


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def analyze_table(
    table: pd.DataFrame,
    *,
    telemetry: TelemetryConfig,
    metrics: Sequence[str] = TABLE_METRICS,
    paired_errors: PairedErrors | None = None,
    step_spikes: StepSpikes | None = None,
    missing: Missing = Missing.DROP_SEEDS,
    pairs: Pairs = Pairs.AUTO,
    reference: Reference = Reference.LAST,
    expected: Iterable[Cell] = (),
    data_order: DataOrder = DataOrder.UNKNOWN,
) -> dict[str, Any]:
    """Analyse the table of an experiment: the dictionary that statistics.json holds.

    The top level holds the first condition in the table's order. With several conditions `conditions` holds each of
    them, the first included, by name, and `condition_by_interval` compares them, metric by metric.
    `audit.missing_cells` lists expected cells without a row; a seed that should be there and has no row at all is
    dropped with its reason like any other.

    Args:
        table: What `table_from_records` made, or `read_table` read.
        telemetry: Window and thresholds.
        metrics: Columns to analyse, each by itself.
        paired_errors: What `read_paired_errors` found; without it backslides beyond noise are undefined.
        step_spikes: What `read_step_spikes` found; without it spikes among the training steps are undefined.
        missing: What a missing cell does.
        pairs: Which pairs of levels are compared.
        reference: The level with which the others are compared, decided on before looking.
        expected: All cells of the experiment, where they are known.
        data_order: Whether the seeds saw the training data in one order.

    Raises:
        TableError: If columns are missing, a cell appears twice, nothing is in the table, or cells are missing under
            `Missing.REJECT`.
    """
    require_columns(table, columns=("condition", "seed", "interval", "val_loss", *metrics))
    options = _Options(
        telemetry=telemetry,
        metrics=tuple(metrics),
        paired_errors=paired_errors,
        step_spikes=step_spikes,
        missing=Missing(missing),
        pairs=Pairs(pairs),
        reference=Reference(reference),
        data_order=data_order,
    )
    absent = missing_cells(table, expected=expected)
    complete = _with_rows_for(absent, table=table)
    results = {
        str(name): _analyze_condition(
            complete[complete["condition"] == name],
            measured=table[table["condition"] == name],
            options=options,
            absent=[cell for cell in absent if cell.condition == name],
        )
        for name in dict.fromkeys(complete["condition"])
    }
    first = next(iter(results.values()))
    if len(results) == 1:
        return first
    compared = compared_conditions(complete, subject="seed", within="interval", metrics=options.metrics)
    return {**first, "conditions": results, "condition_by_interval": compared}


@dataclass(frozen=True, slots=True)
class _Options:
    telemetry: TelemetryConfig
    metrics: tuple[str, ...]
    paired_errors: PairedErrors | None
    step_spikes: StepSpikes | None
    missing: Missing
    pairs: Pairs
    reference: Reference
    data_order: DataOrder


def _with_rows_for(absent: Sequence[Cell], *, table: pd.DataFrame) -> pd.DataFrame:
    if not absent:
        return table
    return pd.concat([table, pd.DataFrame([asdict(cell) for cell in absent])], ignore_index=True)


def _analyze_condition(
    rows: pd.DataFrame, *, measured: pd.DataFrame, options: _Options, absent: Sequence[Cell]
) -> dict[str, Any]:
    condition = str(rows["condition"].iloc[0])
    grids = {
        metric: grid_from_frame(rows, subject="seed", within="interval", metric=metric) for metric in options.metrics
    }
    reached = _reached(rows, measured=measured)
    losses = with_every_interval(grid_from_frame(reached, subject="seed", within="interval", metric="val_loss"))
    errors, spikes = options.paired_errors, options.step_spikes
    # A cell without a row has no tokens: one that no seed reached would take them from all other levels.
    axis = axis_from_frame(measured, within="interval")
    statistics = analyze_grids(
        grids,
        design={"subject": "seed", "within": "interval", "condition": condition},
        missing=options.missing,
        pairs=options.pairs,
        reference=options.reference,
        axis=axis,
        trajectory=summarize_trajectory(
            losses,
            axis=axis,
            joules=joules_beside(losses, frame=reached, subject="seed", within="interval"),
            telemetry=options.telemetry,
            standard_errors=None if errors is None else _error_grid(errors, losses=losses, condition=condition),
            steps=None if spikes is None else [run for run in spikes.runs if run.condition == condition],
            data_order=options.data_order,
        ),
    )
    statistics["audit"]["missing_cells"] = [asdict(cell) for cell in absent]
    for read in (errors, spikes):
        statistics["audit"]["warnings"].extend(() if read is None else read.problems)
    return statistics


def _reached(rows: pd.DataFrame, *, measured: pd.DataFrame) -> pd.DataFrame:
    """The rows up to the last interval that some seed reached; all, where none has reached any."""
    if measured.empty or len(measured) == len(rows):
        return rows
    up_to_last: pd.DataFrame = rows[rows["interval"] <= measured["interval"].max()]
    return up_to_last


def _error_grid(errors: PairedErrors, *, losses: Grid, condition: str) -> NDArray[np.float64]:
    return np.array(
        [
            [
                errors.standard_errors.get(Cell(condition=condition, seed=int(seed), interval=int(interval)), np.nan)
                for interval in losses.levels
            ]
            for seed in losses.subjects
        ]
    )
