"""Write statistics as strict JSON."""

import json
from typing import Any

from analysis.undefined import to_plain

__all__ = ["statistics_to_json"]


# Any: the tree mixes numbers, sentences and lists.
def statistics_to_json(statistics: dict[str, Any]) -> str:
    """The text of statistics.json: strict JSON, floats at full precision, keys in their order, a final newline.

    Args:
        statistics: What `analyze_frame` or `analyze_table` returned.

    Returns:
        Text without a NaN or Infinity token.
    """
    return json.dumps(to_plain(statistics), allow_nan=False, ensure_ascii=False, indent=2) + "\n"
