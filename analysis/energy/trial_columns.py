"""Find, in a table of one row per trial, the columns that tell energy, quality, power and tokens."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.audit import Missing, audit_grid
from analysis.columns import numbers_in
from analysis.grid import Grid, grid_from_frame

__all__ = ["TRIAL_COLUMNS", "TrialGrids", "trial_grids"]

# The first name that a table has is taken. Those of the published logs (arXiv 2601.06649) are accuracy, watts_rms and
# epochs; accuracy is 1/PPL of one sentence, rounded to 4 decimals.
_NAMES = {
    "joules": ("energy_joules",),
    "net_of_idle": ("idle_joules",),
    "seconds": ("energy_window_s", "wall_time_s", "duration_s"),
    "tokens": ("tokens", "trained_tokens"),
    "val_loss": ("val_loss",),
    "nats_gained": ("nats_gained",),
    "inverse_perplexity": ("accuracy", "inverse_perplexity"),
    "rms_watts": ("rms_watts", "watts_rms"),
    "epochs": ("epochs",),
    "num_parameters": ("num_parameters",),
    "compute_speed_tflops": ("compute_speed_tflops",),
}


TRIAL_COLUMNS = (
    *(name for names in _NAMES.values() for name in names),
    "energy_source",
    "energy_sampled_joules",
    "energy_averaged_joules",
    "power_samples",
    "timestamp",
    "began_at",
)
"""Columns of a table of trials that its analysis looks at beside the metrics."""


@dataclass(frozen=True)
class TrialGrids:
    """Complete grids of the same subjects and levels, by what they hold."""

    grids: Mapping[str, Grid]
    columns: Mapping[str, str]
    """The column from which each was read."""
    num_left_out: int
    """Subjects that lack one of the values."""


def trial_grids(frame: pd.DataFrame, *, subject: str, within: str, wanted: tuple[str, ...]) -> TrialGrids | None:
    """The grids of those of `wanted` that the table has, cut to the subjects that have all of them.

    Args:
        frame: One row per subject and level.
        subject: Column naming the subject.
        within: Column naming the level.
        wanted: Keys of what is looked for, such as `joules`.

    Returns:
        None where the table has none of them, or no subject has all.
    """
    columns = {
        key: name for key in wanted for name in _NAMES[key] if name in frame.columns and _has_numbers(frame, name)
    }
    if not columns:
        return None
    grids = {
        key: grid_from_frame(frame, subject=subject, within=within, metric=column) for key, column in columns.items()
    }
    first = next(iter(grids.values()))
    gaps = np.zeros(first.values.shape)
    for grid in grids.values():
        gaps = gaps + grid.values * 0
    complete = audit_grid(Grid(gaps, first.subjects, first.levels), missing=Missing.DROP_SEEDS, subject=subject).grid
    if complete.num_subjects == 0 or complete.num_levels < 2:
        return None
    rows = [first.subjects.index(label) for label in complete.subjects]
    levels = [first.levels.index(label) for label in complete.levels]
    return TrialGrids(
        grids={
            key: Grid(grid.values[np.ix_(rows, levels)], complete.subjects, complete.levels)
            for key, grid in grids.items()
        },
        columns=columns,
        num_left_out=first.num_subjects - complete.num_subjects,
    )


def _has_numbers(frame: pd.DataFrame, column: str) -> bool:
    return bool(np.isfinite(numbers_in(frame, column=column)).any())
