"""Write p-values and shares after the American Psychological Association: no leading zero, and equal digits."""

import math

__all__ = ["SHARE_DIGITS", "bare", "floor_text", "p_relation", "p_value", "share_relation", "share_text"]

P_DIGITS = 3
SHARE_DIGITS = 2
_LEAST_P = 0.001


def bare(value: float, *, digits: int) -> str:
    """A number of at most 1 without its leading zero; one just below 1 is not written as 1."""
    if value < 1 and round(value, digits) == 1:
        return f"> .{'9' * digits}"
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 and "0." in text else text


def p_value(value: float) -> str:
    """A p to three digits: `.031`, or `< .001`."""
    return "< .001" if value < _LEAST_P else bare(value, digits=P_DIGITS)


def p_relation(value: float) -> str:
    """A p as it follows its name: `= .031`, or `< .001`."""
    return _related(p_value(value))


def floor_text(value: float) -> str:
    """The smallest p that a test can give: to three digits, or to its first digit that is not zero."""
    return bare(value, digits=P_DIGITS if value >= _LEAST_P else -math.floor(math.log10(value)))


def share_text(value: float, *, digits: int = SHARE_DIGITS) -> str:
    """A share such as an epsilon or an effect size: `.13`, `< .01`, or `> .99`."""
    if 0 < value < 0.5 * 10**-digits:
        return f"< .{'1'.rjust(digits, '0')}"
    return bare(value if round(value, digits) else 0.0, digits=digits)


def share_relation(value: float) -> str:
    """A share as it follows its name: `= .13`, `< .01`, or `> .99`."""
    return _related(share_text(value))


def _related(text: str) -> str:
    return text if text[0] in "<>" else f"= {text}"
