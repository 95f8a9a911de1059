"""Ask when training should have stopped, and what stopping by rule would have cost."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.audit import without_unusable
from analysis.axis import LevelPositions
from analysis.grid import Grid
from analysis.levels import Label
from analysis.marginal_gain import MarginalGain, marginal_gains
from analysis.rounding import first_lowest, rounding_of_rows, without_rounding
from analysis.stopping_rules import StoppingRule, declared_rules, stopping_columns
from analysis.t_interval import MeanInterval, mean_interval
from analysis.undefined import Undefined
from configs.counted import counted
from configs.telemetry import TelemetryConfig

__all__ = ["RuleReplay", "Stopping", "summarize_stopping"]

NOTE = (
    "In hindsight, and on the evaluation slice that the minimum was found on: a minimum over noisy values lies low, so "
    "that the loss at an earlier stop looks dearer than another slice would show. A rule that stops a seed keeps the "
    "checkpoint of its lowest loss so far; a seed that it never stops loses and saves nothing."
)


@dataclass(frozen=True, slots=True)
class SeedMinimum:
    """Where one seed was lowest, at the first such level if there are several, and what came after."""

    seed: Label
    minimum_level: Label
    minimum_loss: float
    to_minimum: float
    """On the axis, from its zero."""
    after_minimum: float
    share_after_minimum: float
    """Of the whole way."""
    final_minus_minimum: float


@dataclass(frozen=True, slots=True)
class SeedReplay:
    """One seed under one rule."""

    seed: Label
    stopped_at: Label | Undefined
    kept_level: Label
    nats_lost: float
    """Kept loss minus the lowest of the whole trajectory."""
    nats_against_end: float
    """Kept loss minus the loss at the end; below zero where stopping is better than training on."""
    saved: float
    """On the axis: from the stop to the end."""
    share_saved: float
    joules_saved: float | Undefined


@dataclass(frozen=True, slots=True)
class RuleReplay:
    """All seeds under one rule."""

    rule: str
    family: str
    threshold: float
    can_fire: bool
    why: str
    num_stopped: int
    num_seeds: int
    per_seed: tuple[SeedReplay, ...]
    nats_lost: MeanInterval
    nats_against_end: MeanInterval
    saved: MeanInterval
    share_saved: MeanInterval
    joules_saved: MeanInterval | Undefined


@dataclass(frozen=True, slots=True)
class Stopping:
    """One condition."""

    axis: str
    """What the way is measured in: `tokens`, or the within factor's own numbers."""
    left_out: tuple[Label, ...]
    """Seeds with a gap."""
    per_seed: tuple[SeedMinimum, ...]
    to_minimum: MeanInterval
    after_minimum: MeanInterval
    share_after_minimum: MeanInterval
    joules_after_minimum: MeanInterval | Undefined
    marginal_gain: tuple[MarginalGain, ...]
    rules: tuple[RuleReplay, ...]
    note: str


def summarize_stopping(
    grid: Grid, *, axis: LevelPositions | Undefined, joules: NDArray[np.float64] | Undefined, telemetry: TelemetryConfig
) -> Stopping | Undefined:
    """Locate each seed's minimum, price each interval, and replay the declared stopping rules.

    Every mean over seeds comes with its t interval (`mean_interval`), which assumes independent seeds.

    Args:
        grid: Losses in nats, shape (num_seeds, num_levels), gaps as NaN.
        axis: Where the levels lie.
        joules: Energy of each interval, same shape, NaN where it was not measured; or why there is none.
        telemetry: The rules' thresholds.

    Returns:
        The answers, or why there are none. Seeds with a gap are left out, and named.
    """
    if isinstance(axis, Undefined):
        return axis
    is_complete = np.asarray(np.isfinite(without_unusable(grid.values)).all(axis=1))
    used = _rows(grid, keep=is_complete)
    if used.num_subjects == 0 or used.num_levels < 2:
        num_seeds, num_levels = counted(used.num_subjects, "complete seed"), counted(used.num_levels, "level")
        return Undefined(f"{num_seeds} at {num_levels}; there is nothing to stop")
    energy = joules if isinstance(joules, Undefined) else joules[is_complete]
    minima = first_lowest(used.values)
    rise = used.values[:, -1] - np.take_along_axis(used.values, minima[:, None], axis=1)[:, 0]
    rise = without_rounding(rise, rounding=rounding_of_rows(used.values))
    positions = axis.positions
    to_minimum, after = positions[minima], positions[-1] - positions[minima]
    share = after / _whole_way(positions)
    return Stopping(
        axis=axis.name,
        left_out=tuple(seed for seed, complete in zip(grid.subjects, is_complete, strict=True) if not complete),
        per_seed=tuple(
            SeedMinimum(
                seed=seed,
                minimum_level=used.levels[minima[row]],
                minimum_loss=float(used.values[row, minima[row]]),
                to_minimum=float(to_minimum[row]),
                after_minimum=float(after[row]),
                share_after_minimum=float(share[row]),
                final_minus_minimum=float(rise[row]),
            )
            for row, seed in enumerate(used.subjects)
        ),
        to_minimum=mean_interval(to_minimum),
        after_minimum=mean_interval(after),
        share_after_minimum=mean_interval(share),
        joules_after_minimum=_interval_or_why(_joules_after(energy, columns=minima, shape=used.values.shape)),
        marginal_gain=marginal_gains(used, axis=axis, joules=energy),
        rules=tuple(
            _replay(rule, grid=used, positions=positions, joules=energy, telemetry=telemetry)
            for rule in declared_rules(telemetry)
        ),
        note=NOTE,
    )


def _replay(
    rule: StoppingRule,
    *,
    grid: Grid,
    positions: NDArray[np.float64],
    joules: NDArray[np.float64] | Undefined,
    telemetry: TelemetryConfig,
) -> RuleReplay:
    losses, last = grid.values, grid.num_levels - 1
    columns = stopping_columns(losses, rule=rule, min_delta_nats=telemetry.patience_min_delta_nats)
    stops = np.minimum(columns, last)
    until_stop = np.where(np.arange(last + 1) <= stops[:, None], losses, np.nan)
    kept, rounding = first_lowest(until_stop), rounding_of_rows(losses)
    kept_loss = np.take_along_axis(losses, kept[:, None], axis=1)[:, 0]
    lost = without_rounding(kept_loss - losses.min(axis=1), rounding=rounding)
    against_end = without_rounding(kept_loss - losses[:, -1], rounding=rounding)
    saved = positions[-1] - positions[stops]
    share = saved / _whole_way(positions)
    joules_saved = _joules_after(joules, columns=stops, shape=losses.shape)
    can_fire, why = _limit(rule, num_levels=grid.num_levels)
    return RuleReplay(
        rule=rule.text,
        family=rule.family,
        threshold=rule.threshold,
        can_fire=can_fire,
        why=why,
        num_stopped=int((columns <= last).sum()),
        num_seeds=grid.num_subjects,
        per_seed=tuple(
            SeedReplay(
                seed=seed,
                stopped_at=grid.levels[columns[row]] if columns[row] <= last else Undefined("the rule never fires"),
                kept_level=grid.levels[kept[row]],
                nats_lost=float(lost[row]),
                nats_against_end=float(against_end[row]),
                saved=float(saved[row]),
                share_saved=float(share[row]),
                joules_saved=joules_saved if isinstance(joules_saved, Undefined) else float(joules_saved[row]),
            )
            for row, seed in enumerate(grid.subjects)
        ),
        nats_lost=mean_interval(lost),
        nats_against_end=mean_interval(against_end),
        saved=mean_interval(saved),
        share_saved=mean_interval(share),
        joules_saved=_interval_or_why(joules_saved),
    )


def _whole_way(positions: NDArray[np.float64]) -> float:
    """From zero to the end; from the first level where the axis begins below zero."""
    return float(positions[-1] - min(0.0, positions[0]))


def _limit(rule: StoppingRule, *, num_levels: int) -> tuple[bool, str]:
    if rule.family == "generalization-loss":
        return True, "a loss may lie any number of percent above its minimum"
    can_fire = rule.threshold <= num_levels - 1
    needed, there = counted(int(rule.threshold), "interval"), num_levels - 1
    return can_fire, f"it takes {needed} to fire, and there {'is' if there == 1 else 'are'} {there}"


def _joules_after(
    joules: NDArray[np.float64] | Undefined, *, columns: NDArray[np.intp], shape: tuple[int, ...]
) -> NDArray[np.float64] | Undefined:
    """Energy of the intervals after each row's column, shape (num_seeds,)."""
    if isinstance(joules, Undefined):
        return joules
    is_after = np.arange(shape[1]) > columns[:, None]
    if not np.isfinite(joules[is_after]).all():
        return Undefined("the energy of some interval was not measured")
    return np.asarray(np.where(is_after, joules, 0.0).sum(axis=1))


def _interval_or_why(values: NDArray[np.float64] | Undefined) -> MeanInterval | Undefined:
    return values if isinstance(values, Undefined) else mean_interval(values)


def _rows(grid: Grid, *, keep: NDArray[np.bool_]) -> Grid:
    subjects = tuple(seed for seed, is_kept in zip(grid.subjects, keep, strict=True) if is_kept)
    return Grid(values=grid.values[keep], subjects=subjects, levels=grid.levels)
