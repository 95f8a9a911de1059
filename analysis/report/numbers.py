"""How numbers are written in a report: with their unit, and with the reason where there is none."""

import math
from typing import Any, TypeGuard

__all__ = [
    "amount",
    "bare",
    "count_of",
    "floor_text",
    "interval_text",
    "is_defined",
    "number",
    "p_cell",
    "p_text",
    "quantity",
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


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def is_defined(value: Any) -> TypeGuard[Any]:
    """Whether a value of statistics.json is there and not `{"undefined": reason}`."""
    return value is not None and not (isinstance(value, dict) and "undefined" in value)


def why(value: Any) -> str:
    """The reason why a value of statistics.json is undefined."""
    return str(value["undefined"]) if isinstance(value, dict) and "undefined" in value else "it was not computed"


def number(value: Any, *, digits: int | None = None) -> str:
    """A number with commas between thousands; an en dash where it is undefined.

    A number that its decimals would hide, or one above 10 million, is written with an exponent.

    Args:
        value: An integer, a float or `{"undefined": reason}`.
        digits: Decimals; without it four below 1,000, one below 100,000, none above.
    """
    if not isinstance(value, int | float) or not math.isfinite(value):
        return "\N{EN DASH}"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "\N{MINUS SIGN}")
    if digits is None:
        digits = next((places for limit, places in DECIMALS if abs(value) < limit), 0)
    is_hidden = value != 0 and (abs(value) < 0.5 * 10**-digits or abs(value) >= 1e7)
    text = f"{value:.{max(digits - 1, 1)}e}" if is_hidden else f"{value:,.{digits}f}"
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


def p_text(value: Any) -> str:
    """A p-value without its leading zero: `= .031`, `< .001`, or why there is none."""
    if not is_defined(value):
        return f"undefined ({why(value)})"
    return "< .001" if value < 0.001 else f"= {bare(value, digits=3)}"


def p_cell(value: Any) -> str:
    """A p-value as a table holds it: `.031`, `< .001`, or an en dash where there is none."""
    if not is_defined(value):
        return "\N{EN DASH}"
    return "< .001" if value < 0.001 else bare(value, digits=3)


def floor_text(value: float) -> str:
    """The smallest p that a test can give, to its first digit that is not zero."""
    return bare(value, digits=3 if value >= 0.001 else 1 - math.floor(math.log10(value)) - 1)


def bare(value: Any, *, digits: int) -> str:
    """A number of at most 1 without its leading zero, as the American Psychological Association writes shares."""
    if not is_defined(value):
        return "undefined"
    if value < 1 and round(value, digits) == 1:
        return f"> .{'9' * digits}"
    text = f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")
    return text.replace("0.", ".", 1) if abs(value) < 1 and "0." in text else text


def amount(value: float) -> str:
    """A whole number with commas."""
    return f"{int(value):,}"


def count_of(number_of: int, noun: str) -> str:
    """`1 seed`, `6 seeds`."""
    return f"{number_of:,} {noun}" if number_of == 1 else f"{number_of:,} {noun}s"
