"""Say what a comparison found between two of its sides."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.comparison.minimum_sentences import minimum_sentences
from analysis.comparison.wording import difference_text, level_text, seeds_text, why_no_comparison
from analysis.report.numbers import floor_text, is_defined, number, p_text, why
from configs.counted import counted

__all__ = ["pair_sentences"]


# Any: the tree of compare.json mixes numbers, sentences and lists.
def pair_sentences(comparison: Mapping[str, Any], *, minima: Mapping[str, Any], levels: Mapping[str, Any]) -> list[str]:
    """One sentence per finding: the last shared level, the minima, every level, the interaction, what is left out.

    Args:
        comparison: Of one pair and metric.
        minima: Of the same pair and metric.
        levels: The part `levels` of compare.json.
    """
    name = f"{comparison['b']} minus {comparison['a']}"
    left_out = _left_out(comparison, name=name)
    if not is_defined(comparison["final"]):
        return [f"{name}: no comparison, since {why_no_comparison(comparison)}.", *left_out]
    if _is_zero_throughout(comparison):
        return [
            _nothing_differs(comparison, name=name),
            *minimum_sentences(minima, levels=levels, is_zero=True),
            *left_out,
        ]
    last = level_text(comparison["levels"][-1], levels=levels)
    which = "level" if minima["has_same_levels"] else "shared level"
    return [
        f"{name}, {_pairing(comparison)}: {difference_text(comparison['final'])} at {last}, the last {which}.",
        *minimum_sentences(minima, levels=levels, is_zero=False),
        *_by_level(comparison, name=name, levels=levels),
        _interaction(comparison, name=name),
        *left_out,
    ]


def _left_out(comparison: Mapping[str, Any], *, name: str) -> list[str]:
    """Seeds, those of one side and reason together."""
    seeds: dict[tuple[str, str], list[str]] = {}
    for item in comparison["left_out"]:
        if item["what"] == "seed":
            seeds.setdefault((item["condition"], item["why"]), []).append(item["id"])
    return [
        f"{name}: {seeds_text(each)} of {side} {'is' if len(each) == 1 else 'are'} left out: {reason}."
        for (side, reason), each in seeds.items()
    ]


def _is_zero_throughout(comparison: Mapping[str, Any]) -> bool:
    rows = comparison["by_level"]["rows"]
    return comparison["pairing"] == "paired" and all(
        row["mean_difference"] == 0 and not is_defined(row["ci95_low"]) for row in rows
    )


def _nothing_differs(comparison: Mapping[str, Any], *, name: str) -> str:
    num_levels = len(comparison["levels"])
    where = "at the one shared level" if num_levels == 1 else f"at each of the {num_levels:,} shared levels"
    return (
        f"{name}, {_pairing(comparison)}: 0 for every seed {where}, so that nothing varies and there is neither an "
        "interval nor a test."
    )


def _pairing(comparison: Mapping[str, Any]) -> str:
    num_a, num_b = len(comparison["seeds_a"]), len(comparison["seeds_b"])
    if comparison["pairing"] == "paired":
        return f"paired by {counted(num_a, 'seed')}"
    return f"{counted(num_b, 'seed')} against {num_a}, not paired, by Welch's t"


def _by_level(comparison: Mapping[str, Any], *, name: str, levels: Mapping[str, Any]) -> list[str]:
    rows = comparison["by_level"]["rows"]
    if len(rows) == 1:
        return []  # the simultaneous interval of one level is that of the last shared level
    varying = [row for row in rows if is_defined(row["sim95_low"])]
    if not varying:
        return [f"{name}: no interval exists at any of the {len(rows)} shared levels, since no difference varies."]
    above = [row["level"] for row in varying if row["sim95_low"] > 0]
    below = [row["level"] for row in varying if row["sim95_high"] < 0]
    ways = [
        f"{len(each)} {'lies' if len(each) == 1 else 'lie'} {way} zero ({_ends(each, levels=levels)})"
        for way, each in (("above", above), ("below", below))
        if each
    ]
    found = " and ".join(ways) if ways else "none excludes zero"
    without = _without_interval([row for row in rows if not is_defined(row["sim95_low"])], levels=levels)
    return [f"{name}: of the simultaneous 95 % intervals at {counted(len(varying), 'level')} {found}{without}."]


def _without_interval(fixed: Sequence[Mapping[str, Any]], *, levels: Mapping[str, Any]) -> str:
    if not fixed:
        return ""
    where = level_text(fixed[0]["level"], levels=levels) if len(fixed) == 1 else f"{len(fixed)} levels"
    is_zero = all(row["mean_difference"] == 0 for row in fixed)
    return f"; none exists at {where}, where the difference is {'0' if is_zero else 'the same'} for every seed"


def _ends(each: Sequence[int], *, levels: Mapping[str, Any]) -> str:
    if len(each) == 1:
        return level_text(each[0], levels=levels)
    return f"the first at {level_text(each[0], levels=levels)}, the last at {level_text(each[-1], levels=levels)}"


def _interaction(comparison: Mapping[str, Any], *, name: str) -> str:
    effect, flip = comparison["interaction"], comparison["interaction_sign_flip"]
    if not is_defined(effect):
        return f"{name}: whether the difference changes from level to level is undefined: {why(effect)}."
    f = f"F({effect['df_effect']}, {effect['df_error']}) = {number(effect['F'], digits=2)}"
    if not is_defined(effect["p"]):
        return f"{name}, change from level to level: {f}; {why(effect['p'])}."
    exact = ""
    if is_defined(flip):
        exact = f", exact sign-flip p {p_text(flip['p'])}, floor {floor_text(flip['p_floor'])}"
    return f"{name}, change from level to level: {f}, p_GG {p_text(effect['p']['gg'])}{exact}."
