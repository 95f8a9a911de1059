"""One thing found out about this machine, and how a list of them reads as text."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Finding", "findings_as_lines"]

_LEAST_TEXT_WIDTH = 20
"""Columns left to the text even on a terminal that is narrower than the topics."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact, and the concern it gives rise to."""

    topic: str
    fact: str
    concern: str | None = None
    """One sentence: what would go wrong, and the remedy; None when the fact is harmless."""


def findings_as_lines(findings: Iterable[Finding], *, width: int) -> list[str]:
    """Write findings in two columns: topics, then facts with their concerns below, each after a `!`.

    Args:
        findings: In the order of reading.
        width: Columns of a line. Longer words stay whole, so that paths and commands can be copied.
    """
    rows = tuple(findings)
    topic_width = max((len(row.topic) for row in rows), default=0) + 2
    text_width = max(_LEAST_TEXT_WIDTH, width - topic_width)
    return [line for row in rows for line in _lines(row, topic_width=topic_width, text_width=text_width)]


def _lines(finding: Finding, *, topic_width: int, text_width: int) -> list[str]:
    texts = _wrapped(finding.fact, width=text_width)
    if finding.concern is not None:
        texts += _wrapped(f"! {finding.concern}", width=text_width, indent="  ")
    topics = [finding.topic] + [""] * (len(texts) - 1)
    return [f"{topic:{topic_width}}{text}" for topic, text in zip(topics, texts, strict=True)]


def _wrapped(text: str, *, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or [""]
