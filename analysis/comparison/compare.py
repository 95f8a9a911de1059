"""Compare several sides: what differs, whether that is fair, and by how much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.comparison.alignment import Alignment, align_sides, aligned_grids
from analysis.comparison.differences import list_differences
from analysis.comparison.fairness import judge_fairness
from analysis.comparison.side import Side
from analysis.condition_by_interval import condition_by_interval
from analysis.condition_difference import ConditionDifference, difference_of
from analysis.condition_pairing import pair_conditions
from analysis.grid import Grid
from analysis.undefined import Undefined, to_plain
from configs.errors import ConfigurationError

__all__ = ["compare_sides"]

SCHEMA_VERSION = 1
METRICS = ("val_loss", "train_loss")


@dataclass(frozen=True, slots=True)
class ToMinimum:
    """How much later side b reaches its lowest loss than side a."""

    a: str
    b: str
    unit: str
    difference: ConditionDifference | Undefined


# Any: the tree of compare.json mixes numbers, sentences and lists.
def compare_sides(sides: Sequence[Side]) -> dict[str, Any]:
    """Compare every pair of sides over the levels that they share: the dictionary that compare.json holds.

    Differences are b - a, paired by seed where two or more complete seeds are shared, else by Welch's t. Every
    statistic is that of `condition_by_interval`.

    Args:
        sides: Two or more, with different names.

    Returns:
        Plain Python values; what cannot be had is `{"undefined": reason}`.

    Raises:
        ConfigurationError: If the losses are not comparable; the sentence says why.
        TableError: If the sides share no level.
    """
    fairness = judge_fairness(sides)
    if fairness.refusals:
        raise ConfigurationError(fairness.refusals[0])
    alignment = align_sides(sides)
    metrics = [metric for metric in METRICS if all(metric in side.rows.columns for side in sides)]
    grids = {metric: aligned_grids(sides, alignment=alignment, metric=metric) for metric in metrics}
    return {
        "schema_version": SCHEMA_VERSION,
        "sides": [_described(side, grid=grids["val_loss"][side.name]) for side in sides],
        "levels": {
            "within": alignment.within,
            "why": alignment.why,
            "tokens": [{"level": level, "tokens": alignment.tokens[level]} for level in sorted(alignment.tokens)],
        },
        "differs": to_plain(list_differences(sides)),
        "warnings": list(fairness.warnings),
        "metrics": {metric: to_plain(condition_by_interval(by_side)) for metric, by_side in grids.items()},
        "to_minimum": to_plain(_to_minima(grids["val_loss"], alignment=alignment)),
    }


def _described(side: Side, *, grid: Grid) -> dict[str, Any]:
    is_complete = np.isfinite(grid.values).all(axis=1)
    return {
        "name": side.name,
        "source": side.source,
        "condition": side.condition,
        "num_seeds": grid.num_subjects,
        "num_complete_seeds": int(is_complete.sum()),
        "num_levels": grid.num_levels,
        "tokens": max(side.by_interval("tokens").values(), default=None),
        "passes": max(side.by_interval("passes").values(), default=None),
    }


def _to_minima(grids: Mapping[str, Grid], *, alignment: Alignment) -> tuple[ToMinimum, ...]:
    return tuple(_to_minimum(grids[a], grids[b], names=(a, b), alignment=alignment) for a, b in combinations(grids, 2))


def _to_minimum(a: Grid, b: Grid, *, names: tuple[str, str], alignment: Alignment) -> ToMinimum:
    conditions = pair_conditions(a, b, names=names)
    unit = "tokens" if alignment.tokens else alignment.within
    fewest = min(conditions.a.num_subjects, conditions.b.num_subjects)
    if fewest < 2 or conditions.a.num_levels == 0:
        return ToMinimum(*names, unit, Undefined("fewer than 2 complete seeds of one side at the levels of both"))
    return ToMinimum(
        *names,
        unit,
        difference_of(conditions, a=_places(conditions.a, alignment), b=_places(conditions.b, alignment)),
    )


def _places(grid: Grid, alignment: Alignment) -> NDArray[np.float64]:
    """Where each seed is lowest, shape (num_seeds,)."""
    levels = [int(level) for level in grid.levels]
    known = [alignment.tokens.get(level, float(level)) for level in levels]
    return np.asarray(np.array(known)[grid.values.argmin(axis=1)])
