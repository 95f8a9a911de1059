"""How columns, conditions, figures and tables are named in a report."""

import re

from analysis.report.blocks import Block, Heading
from analysis.report.facts import Condition, ReportFacts
from analysis.report.numbers import unit_of

__all__ = ["block_name", "caption", "column_title", "heading", "of_condition", "sentence", "with_unit"]

TITLES = {
    "val_loss": "validation loss",
    "train_loss": "training loss",
    "val_ppl": "validation perplexity",
    "rolling_volatility": "rolling volatility",
}


def column_title(column: str) -> str:
    """A column in words, where Seedscope knows it."""
    return TITLES.get(column, column)


def with_unit(column: str) -> str:
    """A column in words with its unit in brackets, as the title of a panel."""
    unit = unit_of(column)
    return f"{column_title(column)} ({unit})" if unit else column_title(column)


def block_name(kind: str, *, condition: Condition, facts: ReportFacts) -> str:
    """A file name for a condition's figure or table: `trajectories`, of several conditions `trajectories-2-small`."""
    if len(facts.conditions) == 1:
        return kind
    place = facts.conditions.index(condition) + 1
    safe = re.sub(r"[^a-z0-9]+", "-", condition.name.lower()).strip("-")[:40]
    return f"{kind}-{place}-{safe}".rstrip("-")


def of_condition(condition: Condition, *, facts: ReportFacts) -> str:
    """`Condition small: ` where there are several, else nothing."""
    return f"Condition {condition.name}: " if len(facts.conditions) > 1 else ""


def heading(condition: Condition, *, facts: ReportFacts) -> list[Block]:
    """The condition's name as a heading where there are several, else nothing."""
    return [Heading(condition.name)] if len(facts.conditions) > 1 else []


def caption(condition: Condition, *, facts: ReportFacts, text: str) -> str:
    """A caption that names the condition where there are several."""
    return sentence(f"{of_condition(condition, facts=facts)}{text}")


def sentence(text: str) -> str:
    """The text with a capital at its start, unless a column's name stands there, and a full stop at its end."""
    is_identifier = "_" in text.split(" ", 1)[0]
    capital = text if is_identifier else text[:1].upper() + text[1:]
    return capital if capital.endswith((".", "!", "?", ":")) else f"{capital}."
