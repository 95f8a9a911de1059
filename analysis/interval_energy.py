"""Arrange the energy of each interval beside the losses."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.columns import numbers_in
from analysis.grid import Grid
from analysis.levels import plain_label
from analysis.undefined import Undefined

__all__ = ["joules_beside"]

JOULES, SOURCE = "energy_joules", "energy_source"


def joules_beside(losses: Grid, *, frame: pd.DataFrame, subject: str, within: str) -> NDArray[np.float64] | Undefined:
    """The column `energy_joules` in the shape of `losses`, NaN where a cell has none.

    Args:
        losses: Names the seeds and levels, shape (num_seeds, num_levels).
        frame: One row per cell, the same cells.
        subject: Column naming the seed.
        within: Column naming the level.

    Returns:
        The energies, or why they cannot be used: none is there, or they stem from several sources.
    """
    if JOULES not in frame.columns:
        return Undefined("the table has no column 'energy_joules'")
    values = numbers_in(frame, column=JOULES)
    is_known = np.isfinite(values)
    if not is_known.any():
        return Undefined("the energy was not measured")
    sources = sorted(set(map(str, frame.loc[is_known, SOURCE].dropna()))) if SOURCE in frame.columns else []
    if len(sources) > 1:
        return Undefined(f"the energy stems from several sources ({', '.join(sources)}), which are not to be mixed")
    rows = {label: row for row, label in enumerate(losses.subjects)}
    columns = {label: column for column, label in enumerate(losses.levels)}
    joules = np.full(losses.values.shape, np.nan)
    places = [
        (rows[plain_label(seed)], columns[plain_label(level)])
        for seed, level in zip(frame[subject], frame[within], strict=True)
    ]
    joules[tuple(np.transpose(places))] = values
    return joules
