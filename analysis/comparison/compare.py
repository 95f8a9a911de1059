"""Compare several sides: what differs, whether that is fair, and by how much."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.comparison.alignment import Alignment, align_sides, aligned_grids
from analysis.comparison.cautions import caution
from analysis.comparison.copies import find_copies
from analysis.comparison.differences import list_differences
from analysis.comparison.fairness import judge_fairness
from analysis.comparison.minima import compare_minima
from analysis.comparison.sharing import find_sharing
from analysis.comparison.side import Side
from analysis.condition_by_interval import condition_by_interval
from analysis.grid import Grid
from analysis.undefined import to_plain
from configs.errors import ConfigurationError

__all__ = ["compare_sides"]

SCHEMA_VERSION = 2
METRICS = ("val_loss", "train_loss")


# Any: the tree of compare.json mixes numbers, sentences and lists.
def compare_sides(sides: Sequence[Side]) -> dict[str, Any]:
    """Compare every pair of sides: the dictionary that compare.json holds.

    Differences are b - a, at the levels that both sides have, paired by seed where two or more complete seeds are
    shared, else by Welch's t. Every statistic is that of `condition_by_interval`; minima are those of `compare_minima`.

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
    copies, sharing = find_copies(grids["val_loss"]), find_sharing(sides)
    return {
        "schema_version": SCHEMA_VERSION,
        "sides": [_described(side, grid=grids["val_loss"][side.name]) for side in sides],
        "levels": {
            "within": alignment.within,
            "why": alignment.why,
            "tokens": [{"level": level, "tokens": alignment.tokens[level]} for level in sorted(alignment.tokens)],
        },
        "differs": to_plain(list_differences(sides)),
        "warnings": [*fairness.warnings, *caution(sides, copies=copies, sharing=sharing)],
        "copies": to_plain(copies),
        "sharing": to_plain(sharing),
        "metrics": {metric: _compared(by_side, alignment=alignment) for metric, by_side in grids.items()},
    }


def _described(side: Side, *, grid: Grid) -> dict[str, Any]:
    is_complete = np.isfinite(grid.values).all(axis=1)
    return {
        "name": side.name,
        "source": side.source,
        "condition": side.condition,
        "has_config": side.config is not None,
        "num_seeds": max(grid.num_subjects, len(side.of_config("seeds") or ())),
        "num_complete_seeds": int(is_complete.sum()),
        "num_levels": grid.num_levels,
        "tokens": max(side.by_interval("tokens").values(), default=None),
        "passes": max(side.by_interval("passes").values(), default=None),
    }


def _compared(grids: Mapping[str, Grid], *, alignment: Alignment) -> dict[str, Any]:
    """The analysis of one metric, whose minima stand apart, since not only shared levels count for them."""
    analysis: Any = to_plain(condition_by_interval(grids))
    comparisons = [
        {key: value for key, value in comparison.items() if key != "minimum"} for comparison in analysis["comparisons"]
    ]
    minima = to_plain(compare_minima(grids, alignment=alignment))
    return {**analysis, "comparisons": comparisons, "minima": minima}
