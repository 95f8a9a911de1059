"""Refuse sources of which the audit leaves nothing to analyse."""

from typing import Any

import numpy as np

from analysis.audit import LARGEST_MAGNITUDE, Missing, audit_grid, without_unusable
from analysis.excerpt import listed
from analysis.grid import grid_from_frame
from analysis.sources import Loaded
from configs.counted import counted
from configs.errors import TableError

__all__ = ["check_anything_is_left"]


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def check_anything_is_left(statistics: dict[str, Any], *, loaded: Loaded, missing: Missing) -> None:
    """Check that some metric of some condition has a seed and a level.

    Args:
        statistics: What `analyze_conditions` returned.
        loaded: What it was computed from.
        missing: The rule by which seeds or levels were left out.

    Raises:
        TableError: If none has, with the remedies that can help.
    """
    results = statistics.get("conditions", {"": statistics}).values()
    if any(metric["num_subjects"] and metric["num_levels"] for one in results for metric in one["metrics"].values()):
        return
    names = [name for name in loaded.metrics if name in loaded.frame.columns]
    if not np.isfinite(without_unusable(loaded.frame[names].to_numpy(dtype=np.float64))).any():
        raise TableError(
            f"there is no value to analyse: none of {counted(len(loaded.frame), 'cell')} of {listed(names)} has a "
            f"finite number of at most {LARGEST_MAGNITUDE:g} in size; fill in the values, or choose another --metric"
        )
    dropped = statistics["audit"]["dropped"]
    why = f", such as {dropped[0]['what']} {dropped[0]['id']}: {dropped[0]['why']}" if dropped else ""
    other = Missing.DROP_SEEDS if missing is Missing.DROP_LEVELS else Missing.DROP_LEVELS
    hint = f" or --missing {other.value}" if _leaves_anything(loaded, missing=other) else ""
    raise TableError(
        f"no complete cell is left to analyse: all seeds or levels are dropped{why}; complete the values, or choose "
        f"another --metric{hint}"
    )


def _leaves_anything(loaded: Loaded, *, missing: Missing) -> bool:
    is_grouped = "condition" in loaded.frame.columns and "condition" not in (loaded.subject, loaded.within)
    parts = [rows for _, rows in loaded.frame.groupby("condition")] if is_grouped else [loaded.frame]
    grids = [
        grid_from_frame(rows, subject=loaded.subject, within=loaded.within, metric=metric)
        for rows in parts
        for metric in loaded.metrics
    ]
    return any(audit_grid(grid, missing=missing, subject=loaded.subject).grid.values.size for grid in grids)
