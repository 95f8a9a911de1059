"""Say how much the seeds vary, and in what."""

from dataclasses import dataclass

from analysis.between_seeds import BetweenSeeds, spread_between_seeds
from analysis.grid import Grid
from analysis.icc import IntraclassCorrelation, intraclass_correlations
from analysis.outlying_seeds import SeedDeviation, outlying_seeds
from analysis.undefined import Undefined
from analysis.variance_components import VarianceComponents, variance_components

__all__ = ["Variability", "seed_variability"]


@dataclass(frozen=True, slots=True)
class Variability:
    """Spread between the seeds of one metric."""

    levels: tuple[BetweenSeeds, ...]
    variance_components: VarianceComponents | Undefined
    icc: tuple[IntraclassCorrelation, ...] | Undefined
    outlying_seeds: tuple[SeedDeviation, ...] | Undefined


def seed_variability(grid: Grid) -> Variability:
    """The spread at each level, its components, and the seeds that stand out, of a complete grid."""
    return Variability(
        levels=spread_between_seeds(grid),
        variance_components=variance_components(grid.values),
        icc=intraclass_correlations(grid.values),
        outlying_seeds=outlying_seeds(grid),
    )
