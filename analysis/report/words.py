"""Name the levels of a report by the word of the data's own column."""

import re

from analysis.levels import Label
from analysis.report.numbers import typeset
from configs.counted import counted

__all__ = ["counted_levels", "level_noun", "named_level", "said_of"]

OWN_WORDS = ("interval", "step", "epoch", "iteration", "checkpoint")
OTHER = "level"


def level_noun(within: str) -> str:
    """What one level is called: `step` for a column such as `global_step`, `level` where the column has another name.

    Args:
        within: Name of the within factor.
    """
    return next((word for word in OWN_WORDS if word in within.lower()), OTHER)


def named_level(label: Label, *, within: str) -> str:
    """One level in a sentence: `interval 20`, `step 500`, `budget 1M`, `4000 tokens`."""
    noun = level_noun(within)
    if str(label).lower().startswith(noun):
        return str(label)
    if noun == OTHER:
        return f"{label} tokens" if within == "tokens" else f"{within} {label}"
    return f"{noun} {label}"


def counted_levels(number_of: int, *, within: str) -> str:
    """`21 intervals`, but `11 measured steps`: that many were measured, among more that were trained."""
    noun = level_noun(within)
    return counted(number_of, noun if noun in ("interval", OTHER) else f"measured {noun}")


def said_of(text: str, *, within: str) -> str:
    """A sentence of statistics.json, which speaks of levels and intervals, in the words of one report.

    Args:
        text: As the statistics have it.
        within: Name of the within factor.
    """
    noun = level_noun(within)
    said = re.sub(
        r"\b(\d[\d,]*) (?:level|interval)s?\b",
        lambda match: counted_levels(int(match[1].replace(",", "")), within=within),
        typeset(text),
    )
    article = "an" if noun[0] in "aeiou" else "a"
    said = re.sub(r"\b([Aa])n? level\b", lambda match: f"{match[1]}{article[1:]} {noun}", said)
    return re.sub(r"\blevel(s?)\b", rf"{noun}\1", said)
