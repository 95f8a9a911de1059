"""The energy part of an experiment's statistics."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.energy.labels import Provenance, one_provenance
from analysis.energy.quantities import Quantity, quantities_of
from analysis.energy.run_energy import RunEnergy, run_energies
from analysis.energy.trajectory import (
    AfterMinimum,
    FrontierPoint,
    IntervalCost,
    ToTarget,
    after_minimum,
    interval_costs,
    loss_energy_frontier,
    to_target,
)
from analysis.grid import Grid
from analysis.undefined import Undefined, to_plain

__all__ = ["experiment_energy"]


@dataclass(frozen=True, slots=True)
class ConditionEnergy:
    """What the runs of one condition used, and when."""

    num_seeds: int
    tokens: float
    intervals: tuple[IntervalCost, ...]
    after_minimum: AfterMinimum | Undefined
    to_target: tuple[ToTarget, ...]


@dataclass(frozen=True, slots=True)
class BetweenConditions:
    """Whole runs compared between conditions, paired by seed."""

    within: str
    levels: tuple[str, ...]
    seeds: tuple[int, ...]
    left_out: tuple[str, ...]
    """Seeds that do not have their energy under every condition."""
    quantities: dict[str, Quantity]


@dataclass(frozen=True, slots=True)
class ExperimentEnergy:
    """Joules of one label, by condition and between conditions."""

    provenance: Provenance
    conditions: dict[str, ConditionEnergy]
    between_conditions: BetweenConditions | Undefined
    frontier: tuple[FrontierPoint, ...]


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def experiment_energy(frame: pd.DataFrame, *, target_losses: Sequence[float] = ()) -> dict[str, Any]:
    """What tokens cost and bought: `energy` in statistics.json, or `{"undefined": why}` without joules of one label.

    Args:
        frame: Columns condition, seed, interval, tokens, val_loss, energy_joules, energy_source; idle_joules if known.
        target_losses: Declared losses in nats; without any, the largest loss at which some run ended is taken.
    """
    plain = to_plain(_energy(frame, target_losses=tuple(target_losses)))
    assert isinstance(plain, dict), "a dataclass becomes a dictionary"
    return plain


def _energy(frame: pd.DataFrame, *, target_losses: tuple[float, ...]) -> ExperimentEnergy | Undefined:
    provenance = one_provenance(frame)
    if isinstance(provenance, Undefined):
        return provenance
    runs = [run for run in run_energies(frame) if np.isfinite(run.kilojoules).any()]
    if not runs:
        return Undefined("no run has a known energy from its first interval on")
    by_condition: dict[str, list[RunEnergy]] = {}
    for run in sorted(runs, key=lambda one: float(one.tokens[-1])):
        by_condition.setdefault(run.condition, []).append(run)
    is_declared = bool(target_losses)
    targets = target_losses or (max(float(run.losses[-1]) for run in runs),)
    conditions = {
        name: ConditionEnergy(
            num_seeds=len(members),
            tokens=float(np.mean([run.tokens[-1] for run in members])),
            intervals=interval_costs(members),
            after_minimum=after_minimum(members),
            to_target=tuple(to_target(members, target_nats=target, is_declared=is_declared) for target in targets),
        )
        for name, members in by_condition.items()
    }
    return ExperimentEnergy(
        provenance=provenance,
        conditions=conditions,
        between_conditions=_between(by_condition),
        frontier=loss_energy_frontier({name: condition.intervals for name, condition in conditions.items()}),
    )


def _between(by_condition: dict[str, list[RunEnergy]]) -> BetweenConditions | Undefined:
    if len(by_condition) < 2:
        return Undefined("one condition has nothing to be compared with")
    # A run that stopped early has other tokens than its condition; only whole ones compare.
    whole = {name: {run.seed: run for run in runs if _is_whole(run, peers=runs)} for name, runs in by_condition.items()}
    every = sorted({seed for runs in whole.values() for seed in runs})
    seeds = [seed for seed in every if all(seed in runs for runs in whole.values())]
    if not seeds:
        return Undefined("no seed has its whole energy under every condition")
    names = sorted(by_condition, key=lambda name: float(by_condition[name][0].tokens[-1]))
    table = [[whole[name][seed] for name in names] for seed in seeds]
    return BetweenConditions(
        within="condition",
        levels=tuple(names),
        seeds=tuple(seeds),
        left_out=tuple(f"seed {seed}" for seed in every if seed not in seeds),
        quantities=quantities_of(_grids(table, seeds=seeds, names=names)),
    )


def _is_whole(run: RunEnergy, *, peers: Sequence[RunEnergy]) -> bool:
    return len(run.intervals) == max(len(peer.intervals) for peer in peers) and bool(np.isfinite(run.kilojoules[-1]))


def _grids(table: list[list[RunEnergy]], *, seeds: Sequence[int], names: Sequence[str]) -> dict[str, Grid]:
    def grid(value: str) -> Grid:
        values = np.array([[getattr(run, value)[-1] for run in row] for row in table], dtype=np.float64)
        return Grid(values, tuple(seeds), tuple(names))

    grids = {name: grid(name) for name in ("kilojoules", "tokens", "nats_gained")}
    grids["val_loss"] = grid("losses")
    training = grid("training_kilojoules")
    if np.isfinite(training.values).all():
        grids["training_kilojoules"] = training
    idle = grid("idle_kilojoules").values
    if np.isfinite(idle).all():
        grids["net_kilojoules"] = Grid(grids["kilojoules"].values - idle, tuple(seeds), tuple(names))
    return grids
