"""Read the CSV that a Weights & Biases chart exports, with a column per run."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.excerpt import excerpt
from analysis.sources.reading import Format, Reading
from configs.counted import counted
from configs.errors import TableError

__all__ = ["is_wandb_chart", "read_wandb_chart"]

JOINT = " - "
LEAST, LARGEST = "__MIN", "__MAX"
RUN = "run"


def is_wandb_chart(names: Sequence[str]) -> bool:
    """Whether a header is of the form `Step, run-a - loss, run-a - loss__MIN, run-a - loss__MAX, ...`."""
    return bool(_values(names))


def read_wandb_chart(path: Path, table: pd.DataFrame) -> Reading:
    """One row per run and level; the first column names the levels.

    Args:
        path: Where it came from.
        table: The export as it is, with the columns `RUN - METRIC`, `RUN - METRIC__MIN`, `RUN - METRIC__MAX`.

    Raises:
        TableError: If two columns name the same run and metric.
    """
    columns = _values(list(table.columns))
    within = str(table.columns[0])
    by_run: dict[str, dict[str, str]] = {}
    for column in columns:
        run, metric = column.rsplit(JOINT, 1)
        if metric in (RUN, within):
            continue
        if by_run.setdefault(run, {}).setdefault(metric, column) != column:
            raise TableError(f"{path} has two columns for {excerpt(metric)} of run {excerpt(run)}; remove one")
    parts = [
        table[[within, *chosen.values()]].set_axis([within, *chosen], axis="columns").assign(**{RUN: run})
        for run, chosen in by_run.items()
    ]
    return Reading(
        path=path,
        format=Format.WANDB_CHART,
        frame=pd.concat(parts, ignore_index=True),
        subject=RUN,
        within=within,
        is_log=True,
        notes=_sampling(table, columns=columns),
    )


def _values(names: Sequence[str]) -> list[str]:
    present = set(names)
    return [name for name in names if JOINT in name and {name + LEAST, name + LARGEST} <= present]


def _sampling(table: pd.DataFrame, *, columns: Sequence[str]) -> tuple[str, ...]:
    """The chart draws few points of a long run; each then stands for several, whose extremes are told beside it."""
    num_binned = sum(
        int(((table[column + LARGEST] != table[column + LEAST]) & table[column].notna()).sum()) for column in columns
    )
    if num_binned == 0:
        return ()
    return (
        f"{counted(num_binned, 'value')} of the chart for several logged ones each (their __MIN and __MAX differ): the "
        "export is sampled; the run's history has every value",
    )
