"""Find out from the statistics whether a metric changes at all."""

from collections.abc import Mapping
from typing import Any

__all__ = ["is_flat_metric"]


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def is_flat_metric(result: Mapping[str, Any]) -> bool:
    """Whether every seed has one value at every level, of two or more.

    Args:
        result: The statistics of one metric.
    """
    num_flat = result["summaries"].get("num_flat")
    return result["num_levels"] > 1 and num_flat is not None and num_flat == result["num_subjects"]
