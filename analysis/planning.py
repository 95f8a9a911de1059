"""Plan the next experiment from this one: what it could have found, and how many seeds a finding needs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.grid import Grid
from analysis.paired_t import paired_t
from analysis.power import ALPHA, POWER, detectable_effect, exact_floor, seeds_for_effect, seeds_for_exact_floor
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["Planning", "plan_seeds"]

EFFECTS_SD = (0.5, 1.0, 2.0)
SD_OF = "the median, over levels, of the SD over seeds of the difference between a level and the last one"
NOTE = (
    "For paired t-tests on normal differences. Effects are planned, not observed ones: the power of an effect that was "
    "just estimated says nothing beyond its p. The SD is itself estimated, with the interval given."
)


@dataclass(frozen=True, slots=True)
class Detectable:
    """The least true difference that this many seeds find."""

    family: str
    num_comparisons: int
    sd_units: float
    effect: float | Undefined
    """In units of the metric."""


@dataclass(frozen=True, slots=True)
class SeedsNeeded:
    """The least number of seeds for one effect."""

    effect_sd_units: float
    effect: float | Undefined
    family: str
    num_comparisons: int
    num_seeds: int | Undefined
    num_seeds_if_sd_is_high: int | Undefined
    """For the same effect in units of the metric, were the SD at the upper end of its interval."""


@dataclass(frozen=True, slots=True)
class ExactFloor:
    """The smallest p that exact tests can reach with this many seeds."""

    family: str
    num_comparisons: int
    p_floor: float
    """num_comparisons x 2 / 2^n, at most 1; by max-T it is 2 / 2^n whatever the number of comparisons."""
    can_reach_alpha: bool
    num_seeds_needed: int


@dataclass(frozen=True, slots=True)
class Planning:
    """What seeds buy."""

    alpha: float
    power: float
    num_seeds: int
    sd: float | Undefined
    sd_of: str
    sd_ci95_low: float | Undefined
    sd_ci95_high: float | Undefined
    detectable: tuple[Detectable, ...]
    seeds_needed: tuple[SeedsNeeded, ...]
    exact_floors: tuple[ExactFloor, ...]
    note: str


def plan_seeds(grid: Grid) -> Planning | Undefined:
    """Minimal detectable effects, seeds needed, and floors of exact tests, for one comparison and for families of them.

    Formulas in `power`. Families are corrected by Bonferroni. The SD comes from differences that vary. Missing cells
    are the caller's: the grid is complete.

    Args:
        grid: Complete, shape (num_seeds, num_levels).

    Returns:
        The plan, or why there is none.
    """
    if grid.num_subjects < 2 or grid.num_levels < 2:
        return Undefined(
            f"{counted(grid.num_subjects, 'seed')} and {counted(grid.num_levels, 'level')} left; a plan needs 2 of each"
        )
    families = _families(grid.num_levels)
    sd = _typical_sd(grid.values)
    low, high = (sd, sd) if isinstance(sd, Undefined) else _sd_limits(sd, df=grid.num_subjects - 1)
    return Planning(
        alpha=ALPHA,
        power=POWER,
        num_seeds=grid.num_subjects,
        sd=sd,
        sd_of=SD_OF,
        sd_ci95_low=low,
        sd_ci95_high=high,
        detectable=tuple(_detectable(grid.num_subjects, family=family, size=size, sd=sd) for family, size in families),
        seeds_needed=tuple(
            _seeds_needed(effect, family=family, size=size, sd=sd, sd_high=high)
            for family, size in families
            for effect in EFFECTS_SD
        ),
        exact_floors=tuple(_floor(grid.num_subjects, family=family, size=size) for family, size in families),
        note=NOTE,
    )


def _families(num_levels: int) -> list[tuple[str, int]]:
    every = {
        "one declared comparison": 1,
        "every level against a reference": num_levels - 1,
        "every pair of levels": num_levels * (num_levels - 1) // 2,
    }
    # With two levels all three are the same.
    return [(name, size) for place, (name, size) in enumerate(every.items()) if place == 0 or size > 1]


def _typical_sd(values: NDArray[np.float64]) -> float | Undefined:
    last = values.shape[1] - 1
    tests = paired_t(values, pairs=np.array([(level, last) for level in range(last)]))
    if tests.is_fixed.all():
        return Undefined("no difference between levels varies over the seeds")
    return float(np.median(tests.sd[~tests.is_fixed]))


def _sd_limits(sd: float, *, df: int) -> tuple[float, float]:
    return (
        sd * float(np.sqrt(df / stats.chi2.ppf(0.975, df))),
        sd * float(np.sqrt(df / stats.chi2.ppf(0.025, df))),
    )


def _detectable(num_seeds: int, *, family: str, size: int, sd: float | Undefined) -> Detectable:
    sd_units = detectable_effect(num_seeds, num_comparisons=size)
    effect = sd if isinstance(sd, Undefined) else sd_units * sd
    return Detectable(family=family, num_comparisons=size, sd_units=sd_units, effect=effect)


def _seeds_needed(
    effect: float, *, family: str, size: int, sd: float | Undefined, sd_high: float | Undefined
) -> SeedsNeeded:
    at_worst: int | Undefined
    if isinstance(sd, Undefined) or isinstance(sd_high, Undefined):
        in_units, at_worst = sd, Undefined("the SD is undefined")
    else:
        in_units, at_worst = effect * sd, _num_seeds(effect * sd / sd_high, size=size)
    return SeedsNeeded(
        effect_sd_units=effect,
        effect=in_units,
        family=family,
        num_comparisons=size,
        num_seeds=_num_seeds(effect, size=size),
        num_seeds_if_sd_is_high=at_worst,
    )


def _num_seeds(effect: float, *, size: int) -> int | Undefined:
    found = seeds_for_effect(effect, num_comparisons=size)
    return Undefined("more than 100,000") if found is None else found


def _floor(num_seeds: int, *, family: str, size: int) -> ExactFloor:
    floor = min(1.0, size * exact_floor(num_seeds))
    return ExactFloor(
        family=family,
        num_comparisons=size,
        p_floor=floor,
        can_reach_alpha=floor <= ALPHA,
        num_seeds_needed=seeds_for_exact_floor(size),
    )
