"""How a comparison words differences or their lack, levels, seeds and the values of configs."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.report.numbers import floor_text, interval_text, is_defined, number, p_text, why
from configs.counted import counted

__all__ = ["difference_text", "level_text", "seeds_text", "tokens_of", "value_text", "why_no_comparison"]


# Any: the tree of compare.json mixes numbers, sentences and lists.
def difference_text(difference: Mapping[str, Any]) -> str:
    """A difference in nats per token with its interval and tests, or why there are none."""
    mean, p = difference["mean_difference"], difference["p"]
    if not is_defined(difference["ci95_low"]):
        is_zero = mean == 0 and is_defined(difference["per_seed"])
        return "0 for every seed" if is_zero else f"{number(mean)} nats per token (no test: {why(p)})"
    span = interval_text(difference["ci95_low"], difference["ci95_high"])
    if not is_defined(p):
        return f"{number(mean)} nats per token (95 % t interval {span}; {why(p)})"
    exact = ""
    if is_defined(difference["exact"]):
        exact = f", exact p {p_text(difference['p_exact'])}, floor {floor_text(difference['exact']['p_floor'])}"
    return f"{number(mean)} nats per token (95 % t interval {span}, p {p_text(p)}{exact})"


def why_no_comparison(comparison: Mapping[str, Any]) -> str:
    """Why two sides have no difference that can be tested.

    Args:
        comparison: One whose differences are undefined.
    """
    num_a, num_b = len(comparison["seeds_a"]), len(comparison["seeds_b"])
    if not comparison["levels"] or min(num_a, num_b) > 1:
        return why(comparison["final"])
    complete = f"{comparison['a']} has {counted(num_a, 'complete seed')} and {comparison['b']} has {num_b}"
    return f"{complete} at the levels that they share, and each needs at least 2"


def level_text(level: int, *, levels: Mapping[str, Any]) -> str:
    """A level and its tokens, as far as they are known: `interval 10 (204,800 tokens)`.

    Args:
        level: One of those that the sides have.
        levels: The part `levels` of compare.json.
    """
    within = levels["within"]
    if within in ("target_tokens", "tokens"):
        return f"{number(level)} tokens"
    tokens = tokens_of(level, levels=levels)
    return f"{within} {level}" if tokens is None else f"{within} {level} ({number(tokens, digits=0)} tokens)"


def tokens_of(level: int, *, levels: Mapping[str, Any]) -> float | None:
    """Training tokens at a level; None where they are not known."""
    return next((float(row["tokens"]) for row in levels["tokens"] if row["level"] == level), None)


def value_text(value: object, *, field: str, most: int) -> str:
    """A value of a config or manifest as the config writes it, with commas in what is an amount.

    Args:
        value: Whatever the file holds.
        field: Its dotted name; seeds are names and not amounts.
        most: Characters after which it is cut.
    """
    if value is None or isinstance(value, bool):
        text = "none" if value is None else str(value).lower()
    elif isinstance(value, int) and not field.endswith("seed"):
        text = number(value)
    elif isinstance(value, list | tuple):
        text = f"[{', '.join(map(str, value))}]"
    else:
        text = str(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def seeds_text(seeds: Sequence[object], *, most: int = 12) -> str:
    """`seed 3`, `seeds 1, 2, 3`, and how many more there are than are named."""
    rest = len(seeds) - most
    more = f" and {number(rest)} more" if rest > 0 else ""
    return f"{'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds[:most]))}{more}"
