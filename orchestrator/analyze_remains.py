"""Refuse sources of which the audit leaves nothing to analyse."""

from typing import Any

import numpy as np

from analysis.audit import LARGEST_MAGNITUDE, Missing, audit_grid, without_unusable
from analysis.excerpt import excerpt
from analysis.grid import grid_from_frame
from analysis.sources import Loaded
from configs.counted import counted
from configs.errors import TableError

__all__ = ["check_anything_is_left"]


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def check_anything_is_left(statistics: dict[str, Any], *, loaded: Loaded, missing: Missing) -> None:
    """Check that the first metric that was named or read has a seed and a level in some condition.

    Metrics that are derived from it do not count: the report is about the first one.

    Args:
        statistics: What `analyze_conditions` returned.
        loaded: What it was computed from.
        missing: The rule by which seeds or levels were left out.

    Raises:
        TableError: If none has, with the remedies that can help.
    """
    results = statistics.get("conditions", {"": statistics}).values()
    name = loaded.metrics[0]
    if any(one["metrics"][name]["num_subjects"] and one["metrics"][name]["num_levels"] for one in results):
        return
    if not np.isfinite(without_unusable(loaded.frame[name].to_numpy(dtype=np.float64))).any():
        raise TableError(
            f"there is no value to analyse: none of {counted(len(loaded.frame), 'cell')} of {excerpt(name)} has a "
            f"finite number of at most {LARGEST_MAGNITUDE:g} in size; fill in the values, or choose another --metric"
        )
    dropped = [item for item in statistics["audit"]["dropped"] if item["metric"] == name]
    why = f", such as {dropped[0]['what']} {dropped[0]['id']}: {dropped[0]['why']}" if dropped else ""
    other = Missing.DROP_SEEDS if missing is Missing.DROP_LEVELS else Missing.DROP_LEVELS
    hint = f" or --missing {other.value}" if _leaves_anything(loaded, missing=other) else ""
    raise TableError(
        f"no complete cell is left to analyse: all seeds or levels of {excerpt(name)} are dropped{why}; complete the "
        f"values, or choose another --metric{hint}"
    )


def _leaves_anything(loaded: Loaded, *, missing: Missing) -> bool:
    is_grouped = "condition" in loaded.frame.columns and "condition" not in (loaded.subject, loaded.within)
    parts = [rows for _, rows in loaded.frame.groupby("condition")] if is_grouped else [loaded.frame]
    grids = [
        grid_from_frame(rows, subject=loaded.subject, within=loaded.within, metric=loaded.metrics[0]) for rows in parts
    ]
    return any(audit_grid(grid, missing=missing, subject=loaded.subject).grid.values.size for grid in grids)
