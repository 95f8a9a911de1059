"""Follow the energy of each run over its intervals."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["RunEnergy", "run_energies"]

_J_PER_KJ = 1e3


@dataclass(frozen=True, eq=False)
class RunEnergy:
    """One run; every array has one value per interval, shape (num_intervals,)."""

    condition: str
    seed: int
    intervals: NDArray[np.int64]
    tokens: NDArray[np.float64]
    """Training tokens seen by the end of the interval, counted."""
    losses: NDArray[np.float64]
    """Held-out loss in nats per token."""
    kilojoules: NDArray[np.float64]
    """Used from the start of the run to the end of the interval; NaN from the first unknown interval on."""
    training_kilojoules: NDArray[np.float64]
    """The part of these that the steps used; NaN where a table does not tell it apart from evaluation."""
    idle_kilojoules: NDArray[np.float64]
    """The idle part of these; NaN without a baseline."""

    @property
    def nats_gained(self) -> NDArray[np.float64]:
        """Initial loss minus loss."""
        gained: NDArray[np.float64] = self.losses[0] - self.losses
        return gained

    @property
    def nats_per_kj(self) -> NDArray[np.float64]:
        """(L_0 - L_t) / E_t; NaN at interval 0, where nothing was trained."""
        gained = np.full(len(self.losses), np.nan)
        gained[1:] = self.nats_gained[1:] / self.kilojoules[1:]
        return gained

    @property
    def marginal_nats_per_kj(self) -> NDArray[np.float64]:
        """(L_{t-1} - L_t) / (E_t - E_{t-1}); NaN at interval 0. Noisy, since both losses are."""
        marginal = np.full(len(self.losses), np.nan)
        marginal[1:] = -np.diff(self.losses) / np.diff(self.kilojoules)
        return marginal


def run_energies(frame: pd.DataFrame) -> tuple[RunEnergy, ...]:
    """Every run that has interval 0, up to its first missing interval.

    Args:
        frame: Columns condition, seed, interval, tokens, val_loss, energy_joules; idle_joules where known.
    """
    runs = []
    for _, rows in frame.groupby(["condition", "seed"], sort=False):
        ordered = rows.sort_values("interval")
        intervals = ordered["interval"].to_numpy(dtype=np.int64)
        num_whole = int(np.argmin(np.append(intervals, -1) == np.arange(len(intervals) + 1)))
        if num_whole == 0:
            continue
        whole = ordered.iloc[:num_whole]
        runs.append(
            RunEnergy(
                condition=str(whole["condition"].iloc[0]),
                seed=int(whole["seed"].iloc[0]),
                intervals=intervals[:num_whole],
                tokens=_floats(whole, "tokens"),
                losses=_floats(whole, "val_loss"),
                kilojoules=np.cumsum(_floats(whole, "energy_joules")) / _J_PER_KJ,
                training_kilojoules=np.cumsum(_floats(whole, "training_joules")) / _J_PER_KJ,
                idle_kilojoules=np.cumsum(_floats(whole, "idle_joules")) / _J_PER_KJ,
            )
        )
    return tuple(runs)


def _floats(rows: pd.DataFrame, column: str) -> NDArray[np.float64]:
    if column not in rows.columns:
        return np.full(len(rows), np.nan)
    return np.asarray(rows[column].to_numpy(dtype=np.float64, na_value=np.nan))
