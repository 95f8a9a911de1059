"""Find the step at which half of a part's change is made, or say why it cannot be told."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.percent import percent
from analysis.t_interval import MeanInterval, mean_interval
from analysis.undefined import Undefined

__all__ = ["half_way_interval_text", "half_way_step"]

_LEAST_SHARE = 0.02
"""A part whose whole change is a smaller share of the loss's has no half-way step: it would be noise."""


def half_way_step(
    grid: NDArray[np.float64], *, steps: NDArray[np.float64], total_changes: NDArray[np.float64]
) -> MeanInterval | Undefined:
    """The first step at which half of the part's change is made, geometric mean over seeds.

    Interpolated in ln(1 + step); the interval is one of the mean of the logarithms. Nothing was measured between step 0
    and the first step after it, and the logarithm would invent a place there: where a seed makes half of its change
    before that step, the value is undefined, and so is an end of the interval that lies outside the measured steps.

    Args:
        grid: The part in nats, shape (num_seeds, num_intervals), no value missing.
        steps: Rising, shape (num_intervals,).
        total_changes: Last minus first cross entropy of each seed in nats, shape (num_seeds,).

    Returns:
        In steps, but `sd`, which is that of the logarithms.
    """
    if len(steps) < 2:
        return Undefined("one interval shows no change")
    if not len(grid):
        return Undefined("no seed has every interval")
    changes = grid[:, -1] - grid[:, 0]
    if np.abs(changes).mean() <= _LEAST_SHARE * np.abs(total_changes).mean():
        return Undefined(f"the whole change is at most {percent(_LEAST_SHARE)} of the cross entropy's")
    if len(set(np.sign(changes))) > 1:
        return Undefined("it does not go the same way in all seeds")
    logs = np.log1p(steps)
    reached = np.array([_first_crossing(row, places=logs) for row in (grid - grid[:, :1]) / changes[:, None]])
    first = float(steps[steps > 0][0])
    num_before = int((reached < np.log1p(first)).sum())
    if num_before:
        return Undefined(_before(first, num_before=num_before, num_seeds=len(reached)))
    return _in_steps(mean_interval(reached), first=first, last=float(steps[-1]))


# Any: the tree of entropy.json mixes numbers and sentences.
def half_way_interval_text(half_way: Mapping[str, Any]) -> str:
    """The interval as `[27, 50]` or `[before step 20, 50]`; empty where there is none, as with one seed.

    Args:
        half_way: A defined half-way step of entropy.json.
    """
    low, high = half_way["ci95_low"], half_way["ci95_high"]
    if not isinstance(low, float) and low == high:
        return ""
    return f"[{_end_text(low)}, {_end_text(high)}]"


def _before(first: float, *, num_before: int, num_seeds: int) -> str:
    where = f"half of the change is made before step {first:,.0f}, the first step measured after 0"
    return where if num_before == num_seeds else f"{where}, in {num_before} of {num_seeds} seeds"


def _first_crossing(progress: NDArray[np.float64], *, places: NDArray[np.float64]) -> float:
    """The place at which progress, which begins at 0 and ends at 1, first reaches a half."""
    after = int((progress >= 0.5).argmax())
    before = after - 1
    share = (0.5 - progress[before]) / (progress[after] - progress[before])
    return float(places[before] + share * (places[after] - places[before]))


def _in_steps(of_logs: MeanInterval, *, first: float, last: float) -> MeanInterval:
    return MeanInterval(
        n=of_logs.n,
        mean=_step(of_logs.mean),
        sd=of_logs.sd,
        ci95_low=_measured(_step(of_logs.ci95_low), first=first, last=last),
        ci95_high=_measured(_step(of_logs.ci95_high), first=first, last=last),
    )


def _step(log_step: float | Undefined) -> float | Undefined:
    return log_step if isinstance(log_step, Undefined) else float(np.expm1(log_step))


def _measured(step: float | Undefined, *, first: float, last: float) -> float | Undefined:
    if isinstance(step, Undefined):
        return step
    # Logarithms and back move a step by a rounding.
    if step < first * (1 - 1e-12):
        return Undefined(f"before step {first:,.0f}")
    return Undefined(f"after step {last:,.0f}") if step > last * (1 + 1e-12) else step


def _end_text(end: Any) -> str:
    return f"{end:,.0f}" if isinstance(end, float) else str(end["undefined"])
