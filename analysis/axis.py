"""Say where the levels lie on an axis of numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.levels import Label, numbers_of, ordered_labels, plain_label
from analysis.undefined import Undefined

__all__ = ["Axis", "LevelPositions", "axis_from_frame", "level_positions"]

TOKENS = "tokens"


@dataclass(frozen=True)
class Axis:
    """The number that belongs to each level: its training tokens where they are known, else the label itself."""

    name: str
    positions: Mapping[Label, float]


@dataclass(frozen=True)
class LevelPositions:
    """Where the levels of a grid lie."""

    name: str
    positions: NDArray[np.float64]
    """Rising, shape (num_levels,)."""


def axis_from_frame(frame: pd.DataFrame, *, within: str) -> Axis | Undefined:
    """Tokens by level, the mean over a level's rows; without a column `tokens`, the labels where they are numbers.

    Args:
        frame: One row per cell, with checked labels.
        within: Column naming the level.

    Returns:
        The axis, or why levels have no place on one.
    """
    if TOKENS in frame.columns and within != TOKENS:
        tokens = pd.to_numeric(frame[TOKENS], errors="coerce").astype("float64")
        means = tokens.groupby(frame[within], sort=False, observed=True).mean()
        if bool(np.isfinite(means.to_numpy()).all()):
            labels = [plain_label(label) for label in means.index]
            return Axis(name=TOKENS, positions=dict(zip(labels, means.to_numpy().tolist(), strict=True)))
    labels = list(ordered_labels(frame[within].drop_duplicates()))
    numbers = numbers_of(labels)
    if numbers is None:
        return Undefined(f"the levels of {within!r} are no numbers, and the table has no tokens for each of them")
    return Axis(name=within, positions=dict(zip(labels, numbers, strict=True)))


def level_positions(axis: Axis | Undefined, *, levels: Sequence[Label]) -> LevelPositions | Undefined:
    """The places of these levels, or why they have none: they must be known and rise from level to level."""
    if isinstance(axis, Undefined):
        return axis
    positions = np.array([axis.positions.get(level, np.nan) for level in levels])
    if not np.isfinite(positions).all():
        return Undefined(f"some level has no {axis.name}")
    if (np.diff(positions) <= 0).any():
        return Undefined(f"{axis.name} do not rise from level to level")
    return LevelPositions(name=axis.name, positions=positions)
