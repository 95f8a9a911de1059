"""Write shares of tokens as a table of percentages holds them."""

from typing import Any

from analysis.report.numbers import is_defined, number, why

__all__ = ["percent_cell", "percent_interval"]


# Any: the tree of trends.json mixes numbers and reasons.
def percent_cell(share: Any) -> str:
    """`53.85`, without the unit, which the caption has; an en dash where there is none."""
    # A share below the decimals is written as zero: an exponent would look large.
    return number(round(100 * share, 2) + 0.0, digits=2) if is_defined(share) else number(share)


def percent_interval(low: Any, high: Any) -> str:
    """`[48.07, 59.64]`, within 0 and 100 as every share is, or why there is no interval."""
    if not is_defined(low) or not is_defined(high):
        return f"no interval: {why(low)}"
    return f"[{percent_cell(max(low, 0.0))}, {percent_cell(min(high, 1.0))}]"
