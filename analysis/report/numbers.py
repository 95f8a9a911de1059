"""How numbers are written in a report: with their unit, and with the reason where there is none."""

import math
import re
from typing import Any, TypeGuard

from analysis import apa_numbers

__all__ = [
    "amount",
    "bare",
    "floor_text",
    "interval_text",
    "is_defined",
    "number",
    "p_cell",
    "p_text",
    "quantity",
    "share",
    "share_interval",
    "span_text",
    "typeset",
    "unit_of",
    "why",
]

DECIMALS = ((1e3, 4), (1e5, 1))
UNITS = {
    "val_loss": "nats per token",
    "train_loss": "nats per token",
    "rolling_volatility": "nats per token",
    "delta": "nats per token",
    "drawdown": "nats per token",
    "tokens_per_s": "tokens/s",
    "elapsed_s": "s",
    "energy_joules": "J",
}
NOT_COMPUTED = "it was not computed"

_FORMULA_MINUS = re.compile(r"(?<=\b[nkwb0-9]) - (?=\d|a\b)")


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def is_defined(value: Any) -> TypeGuard[Any]:
    """Whether a value of statistics.json is there and not `{"undefined": reason}`."""
    return value is not None and not (isinstance(value, dict) and "undefined" in value)


def why(value: Any) -> str:
    """The reason why a value of statistics.json is undefined."""
    return typeset(str(value["undefined"])) if isinstance(value, dict) and "undefined" in value else NOT_COMPUTED


def typeset(text: str) -> str:
    """A sentence of statistics.json, which is plain ASCII, with the signs of a page: `±`, and minus in a formula."""
    return _FORMULA_MINUS.sub(" \N{MINUS SIGN} ", text.replace("+-", "±"))


def number(value: Any, *, digits: int | None = None) -> str:
    """A number with commas between thousands; an en dash where it is undefined.

    A number that four decimals would hide, or one above 10 million, is written with an exponent.

    Args:
        value: An integer, a float or `{"undefined": reason}`.
        digits: Decimals; without it four below 1,000, one below 100,000, none above.
    """
    if not isinstance(value, int | float) or not math.isfinite(value):
        return "\N{EN DASH}"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "\N{MINUS SIGN}")
    is_plain = digits is not None
    if digits is None:
        digits = next((places for limit, places in DECIMALS if abs(value) < limit), 0)
    is_hidden = not is_plain and value != 0 and abs(value) < 0.5 * 10**-digits
    if is_hidden or abs(value) >= 1e7:
        text = f"{value:.{max(digits - 1, 1)}e}"
    else:
        text = f"{value if round(value, digits) else 0.0:,.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def quantity(value: Any, *, metric: str, digits: int | None = None) -> str:
    """A number and the metric's unit, if it has one that is known."""
    unit = unit_of(metric)
    return f"{number(value, digits=digits)} {unit}".rstrip()


def unit_of(metric: str) -> str:
    """The unit of a column; empty for a ratio, or for a column that Seedscope does not know."""
    return UNITS.get(metric, "")


def interval_text(low: Any, high: Any, *, digits: int | None = None) -> str:
    """`[low, high]`, or why there is no interval."""
    if not is_defined(low) or not is_defined(high):
        return f"no interval: {why(low)}"
    return f"[{number(low, digits=digits)}, {number(high, digits=digits)}]"


def span_text(interval: Any, *, digits: int | None = None, least: float = -math.inf) -> str:
    """The 95 % interval of a mean over seeds as a table holds it; an en dash where there is none.

    Args:
        interval: With `sd`, `ci95_low` and `ci95_high`.
        digits: Decimals, as of `number`.
        least: The least value that each seed can have; an interval around their mean ends there.
    """
    if not is_defined(interval) or not is_defined(interval["ci95_low"]):
        return "\N{EN DASH}"
    if interval["sd"] == 0:
        return "the same for all"
    return interval_text(max(interval["ci95_low"], least), interval["ci95_high"], digits=digits)


def p_text(value: Any) -> str:
    """A p-value without its leading zero: `= .031`, `< .001`, or why there is none."""
    return apa_numbers.p_relation(value) if is_defined(value) else f"undefined ({why(value)})"


def p_cell(value: Any) -> str:
    """A p-value as a table holds it: `.031`, `< .001`, or an en dash where there is none."""
    return apa_numbers.p_value(value) if is_defined(value) else "\N{EN DASH}"


def floor_text(value: float) -> str:
    """The smallest p that a test can give, to three digits or to its first that is not zero."""
    return apa_numbers.floor_text(value)


def share(value: Any, *, digits: int = apa_numbers.SHARE_DIGITS) -> str:
    """A share, such as an epsilon, without its leading zero; an en dash where it is undefined."""
    if not is_defined(value):
        return "\N{EN DASH}"
    return apa_numbers.share_text(value, digits=digits).replace("-", "\N{MINUS SIGN}")


def share_interval(low: Any, high: Any, *, digits: int = apa_numbers.SHARE_DIGITS) -> str:
    """`[low, high]` of a share, or why there is no interval."""
    if not is_defined(low) or not is_defined(high):
        return f"no interval: {why(low)}"
    return f"[{share(low, digits=digits)}, {share(high, digits=digits)}]"


def bare(value: Any, *, digits: int) -> str:
    """A number of at most 1 without its leading zero, as the American Psychological Association writes shares."""
    if not is_defined(value):
        return "undefined"
    return apa_numbers.bare(value, digits=digits).replace("-", "\N{MINUS SIGN}")


def amount(value: float) -> str:
    """A whole number with commas."""
    return f"{int(value):,}"
