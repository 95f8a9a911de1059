"""Compute everything that statistics.json says about one metric."""

from dataclasses import dataclass

from analysis.apa import apa_line
from analysis.axis import Axis, LevelPositions, level_positions
from analysis.change_points import ChangePoints, find_change_points
from analysis.descriptive import LevelDescription, describe_levels
from analysis.friedman import Friedman, friedman_test
from analysis.grid import Grid
from analysis.mixed_model import MixedModel, fit_mixed_model
from analysis.pairwise import PairedTest, Pairs, compare_pairs, resolve_pairs
from analysis.planning import Planning, plan_seeds
from analysis.rm_anova import RmAnova, rm_anova
from analysis.seed_summaries import SeedSummaries, summarize_seeds
from analysis.sign_flip import SignFlip, flip_levels
from analysis.simultaneous import Reference, Simultaneous, compare_with_references
from analysis.undefined import Undefined
from analysis.variability import Variability, seed_variability
from analysis.without_first_level import WithoutFirstLevel, without_first_level

__all__ = ["MetricStatistics", "metric_statistics"]


@dataclass(frozen=True, slots=True)
class PairFamily:
    """Which pairs were compared; the corrections count all of them."""

    compared: Pairs
    num_pairs: int


@dataclass(frozen=True, slots=True)
class MetricStatistics:
    """The results on one metric."""

    num_subjects: int
    num_levels: int
    descriptive: tuple[LevelDescription, ...]
    rm_anova: RmAnova | Undefined
    sign_flip: SignFlip | Undefined
    friedman: Friedman | Undefined
    pairwise: tuple[PairedTest, ...]
    pairwise_family: PairFamily
    summaries: SeedSummaries | Undefined
    apa: str | Undefined
    axis: LevelPositions | Undefined
    without_first_level: WithoutFirstLevel | Undefined
    simultaneous: Simultaneous | Undefined
    variability: Variability
    mixed_model: MixedModel | Undefined
    change_points: ChangePoints | Undefined
    planning: Planning | Undefined


def metric_statistics(
    grid: Grid, *, pairs: Pairs, axis: Axis | Undefined, reference: Reference = Reference.LAST
) -> MetricStatistics:
    """Analyse one audited grid; each part says for itself why it is undefined where it is.

    Args:
        grid: Complete, shape (num_seeds, num_levels).
        pairs: Which pairs of levels are compared.
        axis: Where the levels lie.
        reference: The level with which the others are compared, decided on before looking.
    """
    positions = level_positions(axis, levels=grid.levels)
    anova, sign_flip = rm_anova(grid.values), flip_levels(grid.values)
    pairwise = compare_pairs(grid, pairs=pairs)
    return MetricStatistics(
        num_subjects=grid.num_subjects,
        num_levels=grid.num_levels,
        descriptive=describe_levels(grid),
        rm_anova=anova,
        sign_flip=sign_flip,
        friedman=friedman_test(grid.values),
        pairwise=pairwise,
        pairwise_family=PairFamily(compared=resolve_pairs(pairs, num_levels=grid.num_levels), num_pairs=len(pairwise)),
        summaries=summarize_seeds(grid, axis=positions),
        apa=apa_line(anova, sign_flip=sign_flip),
        axis=positions,
        without_first_level=without_first_level(grid),
        simultaneous=compare_with_references(grid, declared=reference),
        variability=seed_variability(grid),
        mixed_model=fit_mixed_model(grid.values),
        change_points=find_change_points(grid, axis=positions),
        planning=plan_seeds(grid),
    )
