"""Detect in a convergence curve when seeds become alike, part and come together again, if they do."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.probes.convergence_estimates import jackknife_se
from analysis.probes.monotone_fit import Direction, fit_monotone_runs

__all__ = [
    "CONVERGENCE",
    "DIVERGENCE",
    "MARGIN_NATS",
    "RECONVERGENCE",
    "UNIFORM",
    "ConvergenceCurve",
    "Phase",
    "PhaseRange",
    "detect_phases",
    "phase_ranges",
]

UNIFORM = "uniform"
CONVERGENCE = "sharp convergence"
DIVERGENCE = "sharp divergence"
RECONVERGENCE = "slow reconvergence"

MARGIN_NATS = 0.005
"""A smaller change of the convergence is no phase; declared, so that rounding and tiny ripples are none."""
STANDARD_ERRORS = 2.0
"""A change of fewer jackknife standard errors is no phase either."""
UNIFORM_SHARE = 0.1
"""Predictions count as uniform while KL(model || uniform) is at most this share of ln V."""

_PATTERNS: tuple[tuple[tuple[str, Direction], ...], ...] = (
    ((CONVERGENCE, Direction.UP),),
    ((DIVERGENCE, Direction.DOWN),),
    ((CONVERGENCE, Direction.UP), (DIVERGENCE, Direction.DOWN)),
    ((DIVERGENCE, Direction.DOWN), (RECONVERGENCE, Direction.UP)),
    ((CONVERGENCE, Direction.UP), (DIVERGENCE, Direction.DOWN), (RECONVERGENCE, Direction.UP)),
)
"""What may follow the uniform phase, fewest phases first."""


@dataclass(frozen=True, eq=False, slots=True)
class ConvergenceCurve:
    """The expected convergence over the intervals of one condition."""

    convergence_nats: NDArray[np.float64]
    """Shape (num_intervals,)."""
    without_seed_nats: NDArray[np.float64]
    """The same with each seed left out, shape (num_seeds, num_intervals); NaN with fewer than three seeds."""
    kl_to_uniform_nats: NDArray[np.float64]
    """Shape (num_intervals,)."""
    log_num_types: float
    """ln of the number of token types: the largest KL to uniform."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of training from one checkpoint to another."""

    name: str
    start: int
    """Index of the interval at which it begins."""
    end: int
    """Index of the interval at which it ends."""
    change_nats: float
    """Convergence at its end minus that at its start."""
    change_se: float
    """Jackknife standard error of the change over seeds; NaN with fewer than three seeds."""


@dataclass(frozen=True, slots=True)
class PhaseRange:
    """How far the borders of one phase move when seeds are left out or stories drawn again."""

    name: str
    num_found: int
    """Repeats in which the phase was found."""
    num_repeats: int
    start: tuple[int, int] | None
    """Lowest and highest index of its start, each widened by one checkpoint; None where it was never found."""
    end: tuple[int, int] | None


def detect_phases(curve: ConvergenceCurve) -> tuple[Phase, ...]:
    """The phases that are there, in order; those that are not are left out.

    The uniform phase lasts while predictions are near uniform and the curve stays within the margin of its start. What
    follows is cut into monotone runs (`fit_monotone_runs`): rise, fall, rise, or fewer of them. A cut counts only if
    every run changes the curve by more than the margin and by more than two jackknife standard errors; of those that
    count, the one with the least squared error is taken, and of equal ones that with fewer phases.

    Args:
        curve: At least two intervals.
    """
    uniform_end = _uniform_end(curve)
    first = (_phase(curve, UNIFORM, start=0, end=uniform_end),) if uniform_end else ()
    return (*first, *_later_phases(curve, start=uniform_end))


def phase_ranges(
    phases: Sequence[Phase], *, repeats: Sequence[tuple[Phase, ...]], num_intervals: int
) -> tuple[PhaseRange, ...]:
    """How much the borders of detected phases move.

    Args:
        phases: What was found in the whole curve.
        repeats: What was found in each curve that differs in seeds or stories.
        num_intervals: Intervals of the curve.
    """
    return tuple(_range(phase.name, repeats=repeats, last=num_intervals - 1) for phase in phases)


def _uniform_end(curve: ConvergenceCurve) -> int:
    is_near_uniform = curve.kl_to_uniform_nats <= UNIFORM_SHARE * curve.log_num_types
    is_flat = np.abs(curve.convergence_nats - curve.convergence_nats[0]) <= MARGIN_NATS
    has_ended = ~(is_near_uniform & is_flat)
    return max(0, int(has_ended.argmax()) - 1) if has_ended.any() else len(has_ended) - 1


def _later_phases(curve: ConvergenceCurve, *, start: int) -> tuple[Phase, ...]:
    rest = curve.convergence_nats[start:]
    best: tuple[Phase, ...] = ()
    # The curve as one constant: no phase at all.
    least_error = float(((rest - rest.mean()) ** 2).sum())
    for pattern in _PATTERNS:
        if len(rest) <= len(pattern):
            continue
        fit = fit_monotone_runs(rest, directions=[direction for _, direction in pattern])
        phases = tuple(
            _phase(curve, name, start=start + fit.borders[index], end=start + fit.borders[index + 1])
            for index, (name, _) in enumerate(pattern)
        )
        goes_as_named = all(
            _is_large(phase) and (phase.change_nats > 0) == (direction is Direction.UP)
            for phase, (_, direction) in zip(phases, pattern, strict=True)
        )
        if goes_as_named and (not best or fit.squared_error < least_error):
            best, least_error = phases, fit.squared_error
    return best


def _phase(curve: ConvergenceCurve, name: str, *, start: int, end: int) -> Phase:
    change = curve.convergence_nats[end] - curve.convergence_nats[start]
    without_one = curve.without_seed_nats[:, end] - curve.without_seed_nats[:, start]
    return Phase(name, start, end, float(change), jackknife_se(without_one))


def _is_large(phase: Phase) -> bool:
    is_beyond_seeds = np.isnan(phase.change_se) or abs(phase.change_nats) > STANDARD_ERRORS * phase.change_se
    return abs(phase.change_nats) > MARGIN_NATS and bool(is_beyond_seeds)


def _range(name: str, *, repeats: Sequence[tuple[Phase, ...]], last: int) -> PhaseRange:
    found = [phase for phases in repeats for phase in phases if phase.name == name]
    return PhaseRange(
        name=name,
        num_found=len(found),
        num_repeats=len(repeats),
        start=_widened([phase.start for phase in found], last=last),
        end=_widened([phase.end for phase in found], last=last),
    )


def _widened(indices: list[int], *, last: int) -> tuple[int, int] | None:
    """The range of indices and the checkpoints beside it: a border lies anywhere between its neighbours."""
    return (max(0, min(indices) - 1), min(last, max(indices) + 1)) if indices else None
