"""Say what a comparison found, in plain sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.report.numbers import count_of, interval_text, is_defined, number, p_text, why

__all__ = ["summarize_comparison"]

MOST_FIELDS = 5
MOST_CHARACTERS = 40


# Any: the tree of compare.json mixes numbers, sentences and lists.
def summarize_comparison(result: Mapping[str, Any]) -> list[str]:
    """One sentence per finding, unwrapped: the sides, what differs, what is unfair, then each pair.

    Args:
        result: What `compare_sides` returned.
    """
    losses = result["metrics"]["val_loss"]
    sentences = [_sides(result), _differing(result), *(f"Warning: {warning}." for warning in result["warnings"])]
    for comparison, later in zip(losses["comparisons"], result["to_minimum"], strict=True):
        sentences += _pair(comparison, later=later, result=result)
    return sentences


def _sides(result: Mapping[str, Any]) -> str:
    named = [f"{side['name']} ({count_of(side['num_complete_seeds'], 'complete seed')})" for side in result["sides"]]
    within = result["levels"]["within"]
    every = "every interval" if within == "interval" else f"every value of {within}"
    return f"Compared at {every} that they share: {', '.join(named)}; {result['levels']['why']}."


def _differing(result: Mapping[str, Any]) -> str:
    fields = result["differs"]["config"]
    if not fields:
        return "No config field that is known differs."
    named = [f"{field['field']} ({', '.join(map(_short, field['values'].values()))})" for field in fields]
    rest = len(named) - MOST_FIELDS
    more = f" and {count_of(rest, 'more field')}" if rest > 0 else ""
    return f"Their configs differ in {'; '.join(named[:MOST_FIELDS])}{more}."


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 3]}..."


def _pair(comparison: Mapping[str, Any], *, later: Mapping[str, Any], result: Mapping[str, Any]) -> list[str]:
    name = f"{comparison['b']} minus {comparison['a']}"
    left_out = [
        f"{name}: {item['what']} {item['id']} of {item['condition']} is left out: {item['why']}."
        for item in comparison["left_out"]
        if item["what"] == "seed"
    ]
    if not is_defined(comparison["final"]):
        return [f"{name}: no comparison, since {why(comparison['final'])}.", *left_out]
    last = _level(comparison["levels"][-1], result)
    return [
        f"{name}, {_pairing(comparison)}: {_difference(comparison['final'])} at {last}; "
        f"{_difference(comparison['minimum'])} at each seed's minimum.",
        *_later(name, later=later),
        _levels(name, by_level=comparison["by_level"], result=result),
        _interaction(name, comparison=comparison),
        *left_out,
    ]


def _pairing(comparison: Mapping[str, Any]) -> str:
    num_a, num_b = len(comparison["seeds_a"]), len(comparison["seeds_b"])
    if comparison["pairing"] == "paired":
        return f"paired by {count_of(num_a, 'seed')}"
    return f"{num_b} against {num_a} other seeds, by Welch's t"


def _difference(difference: Mapping[str, Any]) -> str:
    mean = f"{number(difference['mean_difference'])} nats per token"
    if not is_defined(difference["p"]):
        return f"{mean} (no test: {why(difference['p'])})"
    span = interval_text(difference["ci95_low"], difference["ci95_high"])
    exact = ""
    if is_defined(difference["exact"]):
        floor = p_text(difference["exact"]["p_floor"]).removeprefix("= ")
        exact = f", exact p {p_text(difference['p_exact'])} with floor {floor}"
    return f"{mean} (95 % t interval {span}, p {p_text(difference['p'])}{exact})"


def _later(name: str, *, later: Mapping[str, Any]) -> list[str]:
    difference = later["difference"]
    if not is_defined(difference):
        return []
    mean = difference["mean_difference"]
    if mean == 0:
        return [f"{name}: the minimum comes at the same place on average."]
    way = "later" if mean > 0 else "earlier"
    size = f"{number(abs(mean), digits=0)} {later['unit']} {way}"
    if not is_defined(difference["ci95_low"]):
        return [f"{name}: the minimum comes {size} for every seed."]
    span = interval_text(difference["ci95_low"], difference["ci95_high"], digits=0)
    return [f"{name}: the minimum comes {size} (difference in {later['unit']}: 95 % t interval {span})."]


def _levels(name: str, *, by_level: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    rows = [row for row in by_level["rows"] if is_defined(row["sim95_low"])]
    above = [row["level"] for row in rows if row["sim95_low"] > 0]
    below = [row["level"] for row in rows if row["sim95_high"] < 0]
    sides = [
        f"{len(levels)} {'lies' if len(levels) == 1 else 'lie'} {way} zero ({_ends(levels, result)})"
        for way, levels in (("above", above), ("below", below))
        if levels
    ]
    of = f"of the simultaneous 95 % intervals at {by_level['num_comparisons']} levels"
    return f"{name}: {of} {' and '.join(sides) if sides else 'none excludes zero'}."


def _ends(levels: Sequence[int], result: Mapping[str, Any]) -> str:
    if len(levels) == 1:
        return _level(levels[0], result)
    return f"the first at {_level(levels[0], result)}, the last at {_level(levels[-1], result)}"


def _interaction(name: str, *, comparison: Mapping[str, Any]) -> str:
    effect, flip = comparison["interaction"], comparison["interaction_sign_flip"]
    if not is_defined(effect):
        return f"{name}: whether the difference changes from level to level is undefined: {why(effect)}."
    exact = ""
    if is_defined(flip):
        exact = f", exact sign-flip p {p_text(flip['p'])} with floor {p_text(flip['p_floor']).removeprefix('= ')}"
    return (
        f"{name}, change from level to level: F({effect['df_effect']}, {effect['df_error']}) = "
        f"{number(effect['F'], digits=2)}, p_GG {p_text(effect['p']['gg'])}{exact}."
    )


def _level(level: int, result: Mapping[str, Any]) -> str:
    within = result["levels"]["within"]
    if within == "target_tokens":
        return f"{level:,} tokens"
    known = {row["level"]: row["tokens"] for row in result["levels"]["tokens"]}
    return f"{within} {level} ({number(known[level], digits=0)} tokens)" if level in known else f"{within} {level}"
