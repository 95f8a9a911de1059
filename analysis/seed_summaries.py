"""Sum up each seed's trajectory in one number, and the numbers over the seeds."""

from dataclasses import dataclass

from analysis.area_under_curve import AreaUnderCurve, area_under_curve
from analysis.axis import LevelPositions
from analysis.grid import Grid
from analysis.levels import Label
from analysis.noise_only_rise import NoiseOnlyRise, noise_only_rise
from analysis.polynomial_contrasts import PolynomialContrast, polynomial_contrasts
from analysis.rounding import first_lowest, is_flat, rounding_of_rows
from analysis.seed_measure import SeedMeasure, untested_measure
from analysis.slope_after_minimum import SlopeAfterMinimum, slope_after_minimum
from analysis.undefined import Undefined

__all__ = ["LevelMean", "SeedMinimum", "SeedSummaries", "summarize_seeds"]

MINIMUM_IS_LOW = (
    "Each seed's minimum is chosen among noisy values and so lies low; final minus minimum is above zero even for a "
    "flat trajectory. Final minus reference has no such bias within a seed, though its level is chosen from the same "
    "data."
)


NO_NULL = "zero is no hypothesis about a loss or about where it is lowest"
ABOVE_BY_CHOICE = (
    "a final value lies above the least of noisy values even where nothing rises, so that a test against zero rejects "
    "whatever is true; compare with noise_only_rise, or with a level named beforehand"
)
LEVEL_BY_CHOICE = (
    "the level was chosen as the lowest from the same data, so that a test against zero rejects too often; "
    "simultaneous.references.minimum tests it and pays for the choice"
)


@dataclass(frozen=True, slots=True)
class SeedMinimum:
    """Where one seed is lowest; the first such level if there are several."""

    seed: Label
    level: Label
    value: float


@dataclass(frozen=True, slots=True)
class LevelMean:
    """The level at which the mean over seeds is lowest; the first such level if there are several."""

    level: Label
    mean: float


@dataclass(frozen=True, slots=True)
class SeedSummaries:
    """Trajectories in one number per seed each."""

    num_flat: int
    """Seeds with one value at every level, but for rounding; with two levels or more they show no change."""
    minimum: tuple[SeedMinimum, ...]
    minimum_value: SeedMeasure
    minimum_position: SeedMeasure | Undefined
    """Where on the axis each seed is lowest; it can only take the positions of the levels."""
    lowest_mean: LevelMean
    final_level: Label
    final_minus_minimum: SeedMeasure
    noise_only_rise: NoiseOnlyRise | Undefined
    """What final minus minimum would be if nothing but noise made it."""
    final_minus_reference: SeedMeasure
    """Final minus the value at the level of `lowest_mean`, the same level for every seed."""
    slope_after_minimum: SlopeAfterMinimum | Undefined
    area_under_curve: AreaUnderCurve | Undefined
    polynomial: tuple[PolynomialContrast, ...] | Undefined
    note: str


def summarize_seeds(grid: Grid, *, axis: LevelPositions | Undefined) -> SeedSummaries | Undefined:
    """One number per seed, then a t interval over seeds, a t-test and an exact sign-flip p.

    Such summaries keep their error rate whatever the covariance along the trajectory, unless a level is chosen from the
    same data: those carry no test, and say why. Assumes independent seeds.
    Missing cells are the caller's: the grid is complete.

    Args:
        grid: Complete, shape (num_seeds, num_levels); lower is better.
        axis: Where the levels lie.

    Returns:
        The summaries, or why there are none.
    """
    if grid.num_subjects == 0 or grid.num_levels == 0:
        return Undefined("no cell is left")
    final = grid.values[:, -1]
    rounding = rounding_of_rows(grid.values)
    lowest = int(first_lowest(grid.values.mean(axis=0, keepdims=True))[0])
    return SeedSummaries(
        num_flat=int(is_flat(grid.values).sum()),
        minimum=_minima(grid),
        minimum_value=untested_measure(grid.values.min(axis=1), seeds=grid.subjects, why=NO_NULL),
        minimum_position=(
            axis
            if isinstance(axis, Undefined)
            else untested_measure(axis.positions[first_lowest(grid.values)], seeds=grid.subjects, why=NO_NULL)
        ),
        lowest_mean=LevelMean(level=grid.levels[lowest], mean=float(grid.values[:, lowest].mean())),
        final_level=grid.levels[-1],
        final_minus_minimum=untested_measure(
            final - grid.values.min(axis=1), seeds=grid.subjects, why=ABOVE_BY_CHOICE, rounding=rounding
        ),
        noise_only_rise=noise_only_rise(grid.values),
        final_minus_reference=untested_measure(
            final - grid.values[:, lowest], seeds=grid.subjects, why=LEVEL_BY_CHOICE, rounding=rounding
        ),
        slope_after_minimum=slope_after_minimum(grid, axis=axis),
        area_under_curve=area_under_curve(grid, axis=axis),
        polynomial=polynomial_contrasts(grid, axis=axis),
        note=MINIMUM_IS_LOW,
    )


def _minima(grid: Grid) -> tuple[SeedMinimum, ...]:
    positions = first_lowest(grid.values)
    return tuple(
        SeedMinimum(seed=seed, level=grid.levels[position], value=float(row[position]))
        for seed, row, position in zip(grid.subjects, grid.values, positions, strict=True)
    )
