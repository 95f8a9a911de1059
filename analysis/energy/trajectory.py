"""What energy bought along the trajectory: by interval, up to a target, after the minimum."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.energy.run_energy import RunEnergy
from analysis.t_interval import MeanInterval, mean_interval
from analysis.undefined import Undefined

__all__ = [
    "AfterMinimum",
    "FrontierPoint",
    "IntervalCost",
    "SeedAfterMinimum",
    "SeedTarget",
    "ToTarget",
    "after_minimum",
    "interval_costs",
    "loss_energy_frontier",
    "to_target",
]


@dataclass(frozen=True, slots=True)
class IntervalCost:
    """Means over the seeds of one condition at the end of one interval."""

    interval: int
    tokens: float
    kilojoules: MeanInterval
    val_loss: MeanInterval
    nats_per_kj: MeanInterval | Undefined
    marginal_nats_per_kj: MeanInterval | Undefined


@dataclass(frozen=True, slots=True)
class SeedTarget:
    """Where one seed first reached a target; `None` where it did not, which is a result and no number."""

    seed: int
    interval: int | None
    tokens: float | None
    kilojoules: float | None


@dataclass(frozen=True, slots=True)
class ToTarget:
    """Tokens and energy until the held-out loss was at or below a target, at the grain of the intervals."""

    target_nats: float
    is_declared: bool
    """False where the target was chosen from the data: the largest loss at which some run ended."""
    num_reached: int
    num_seeds: int
    tokens: MeanInterval | Undefined
    kilojoules: MeanInterval | Undefined
    per_seed: tuple[SeedTarget, ...]


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """Mean loss and mean energy of one condition and interval."""

    condition: str
    interval: int
    tokens: float
    kilojoules: float
    val_loss: float
    is_on_frontier: bool
    """No other point has both less energy and less loss."""


@dataclass(frozen=True, slots=True)
class SeedAfterMinimum:
    """What one seed used up to its lowest held-out loss, and after it."""

    seed: int
    minimum_interval: int
    kilojoules_to_minimum: float
    kilojoules_after: float
    share_after: float


@dataclass(frozen=True, slots=True)
class AfterMinimum:
    """Energy that brought no lower held-out loss."""

    per_seed: tuple[SeedAfterMinimum, ...]
    kilojoules_to_minimum: MeanInterval
    kilojoules_after: MeanInterval
    share_after: MeanInterval
    note: str


MINIMUM_IS_CHOSEN = (
    "Each minimum is chosen among noisy values after the fact; a rule that stops without knowing the future saves less."
)


def interval_costs(runs: Sequence[RunEnergy]) -> tuple[IntervalCost, ...]:
    """One row per interval that every run of one condition has."""
    num_intervals = min(len(run.intervals) for run in runs)
    return tuple(
        IntervalCost(
            interval=interval,
            tokens=float(np.mean([run.tokens[interval] for run in runs])),
            kilojoules=_mean([run.kilojoules[interval] for run in runs]),
            val_loss=_mean([run.losses[interval] for run in runs]),
            nats_per_kj=_from_interval_1(interval, [run.nats_per_kj[interval] for run in runs]),
            marginal_nats_per_kj=_from_interval_1(interval, [run.marginal_nats_per_kj[interval] for run in runs]),
        )
        for interval in range(num_intervals)
    )


def to_target(runs: Sequence[RunEnergy], *, target_nats: float, is_declared: bool) -> ToTarget:
    """First tokens and energy at which each run of one condition had a held-out loss at or below the target.

    Means are over all seeds, and undefined unless every seed reached the target: a mean over those that did would
    compare the quick with the quick.
    """
    per_seed = tuple(_seed_target(run, target_nats=target_nats) for run in runs)
    reached = [one for one in per_seed if one.interval is not None]
    missing = Undefined(f"{len(per_seed) - len(reached)} of {len(per_seed)} seeds did not reach {target_nats:g} nats")
    is_reached = len(reached) == len(per_seed)
    return ToTarget(
        target_nats=target_nats,
        is_declared=is_declared,
        num_reached=len(reached),
        num_seeds=len(per_seed),
        tokens=_mean([one.tokens or 0.0 for one in reached]) if is_reached else missing,
        kilojoules=_mean([np.nan if one.kilojoules is None else one.kilojoules for one in reached])
        if is_reached
        else missing,
        per_seed=per_seed,
    )


def loss_energy_frontier(by_condition: dict[str, tuple[IntervalCost, ...]]) -> tuple[FrontierPoint, ...]:
    """Every condition and interval, and which of them no other one beats in both mean loss and mean energy."""
    points = [
        (condition, cost, float(cost.kilojoules.mean), float(cost.val_loss.mean))
        for condition, costs in by_condition.items()
        for cost in costs
        if isinstance(cost.kilojoules.mean, float) and isinstance(cost.val_loss.mean, float)
    ]
    return tuple(
        FrontierPoint(
            condition=condition,
            interval=cost.interval,
            tokens=cost.tokens,
            kilojoules=kilojoules,
            val_loss=loss,
            is_on_frontier=not any(
                other_kj <= kilojoules and other_loss <= loss and (other_kj, other_loss) != (kilojoules, loss)
                for _, _, other_kj, other_loss in points
            ),
        )
        for condition, cost, kilojoules, loss in points
    )


def after_minimum(runs: Sequence[RunEnergy]) -> AfterMinimum | Undefined:
    """How much of each run's energy came after its lowest held-out loss.

    Args:
        runs: Of one condition.
    """
    known = [run for run in runs if np.isfinite(run.kilojoules[-1]) and np.isfinite(run.losses).all()]
    if not known:
        return Undefined("no seed has both its losses and its energy at every interval")
    per_seed = tuple(_seed_after_minimum(run) for run in known)
    return AfterMinimum(
        per_seed=per_seed,
        kilojoules_to_minimum=_mean([one.kilojoules_to_minimum for one in per_seed]),
        kilojoules_after=_mean([one.kilojoules_after for one in per_seed]),
        share_after=_mean([one.share_after for one in per_seed]),
        note=MINIMUM_IS_CHOSEN,
    )


def _seed_target(run: RunEnergy, *, target_nats: float) -> SeedTarget:
    reached = np.flatnonzero(run.losses <= target_nats)
    if len(reached) == 0:
        return SeedTarget(seed=run.seed, interval=None, tokens=None, kilojoules=None)
    first = int(reached[0])
    joules = float(run.kilojoules[first])
    return SeedTarget(
        seed=run.seed,
        interval=first,
        tokens=float(run.tokens[first]),
        kilojoules=joules if np.isfinite(joules) else None,
    )


def _seed_after_minimum(run: RunEnergy) -> SeedAfterMinimum:
    lowest = int(np.argmin(run.losses))
    total, before = float(run.kilojoules[-1]), float(run.kilojoules[lowest])
    return SeedAfterMinimum(
        seed=run.seed,
        minimum_interval=lowest,
        kilojoules_to_minimum=before,
        kilojoules_after=total - before,
        share_after=(total - before) / total,
    )


def _mean(values: Sequence[float]) -> MeanInterval:
    return mean_interval(_finite(values))


def _finite(values: Sequence[float]) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    return array[np.isfinite(array)]


def _from_interval_1(interval: int, values: Sequence[float]) -> MeanInterval | Undefined:
    return Undefined("nothing was trained before interval 0") if interval == 0 else _mean(values)
