"""Find out whether an analysis ends before its experiment does."""

from collections.abc import Mapping
from typing import Any

__all__ = ["stopped_at"]


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def stopped_at(statistics: Mapping[str, Any], *, metric: str) -> int | None:
    """The last interval that the statistics use, where later ones were planned and no seed in use has them.

    Args:
        statistics: Of one condition.
        metric: Whose statistics.

    Returns:
        The interval; None where the trajectories go to their end, or where no one knows how far they were to go.
    """
    final = statistics["metrics"][metric]["summaries"].get("final_level")
    planned = [int(cell["interval"]) for cell in statistics["audit"].get("missing_cells", ())]
    return final if isinstance(final, int) and max(planned, default=final) > final else None
