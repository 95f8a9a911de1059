"""Write statistics as strict JSON."""

import json
from typing import Any

from analysis.undefined import to_plain

__all__ = ["statistics_to_json"]

INDENT = "  "


# Any: the tree mixes numbers, sentences and lists.
def statistics_to_json(statistics: dict[str, Any]) -> str:
    """The text of statistics.json: strict JSON, floats at full precision, keys in their order, a final newline.

    Objects open one key per line; each element of a list stands on a line of its own, however deep it is, so that a
    table reads as a table and a million rows are written by Python's compiled encoder.

    Args:
        statistics: What `analyze_frame` or `analyze_table` returned.

    Returns:
        Text without a NaN or Infinity token.
    """
    return _text(to_plain(statistics), indent="") + "\n"


def _text(value: object, *, indent: str) -> str:
    deeper = indent + INDENT
    if isinstance(value, dict) and any(isinstance(item, dict | list) for item in value.values()):
        lines = (f"{deeper}{_line(key)}: {_text(item, indent=deeper)}" for key, item in value.items())
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return "[\n" + ",\n".join(deeper + _line(item) for item in value) + f"\n{indent}]"
    return _line(value)


def _line(value: object) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)
