"""Say how the minima of two sides compare, and what a difference between them owes to where they were looked for."""

from collections.abc import Mapping
from typing import Any

from analysis.comparison.wording import difference_text, level_text, tokens_of
from analysis.report.numbers import interval_text, is_defined, number, why
from configs.counted import counted

__all__ = ["minimum_sentences"]

WHERE = {"own": "over all levels of its own side", "shared": "within the shared levels"}


# Any: the tree of compare.json mixes numbers, sentences and lists.
def minimum_sentences(minima: Mapping[str, Any], *, levels: Mapping[str, Any], is_zero: bool) -> list[str]:
    """How low and how late: once where both sides have the same levels, else over each side's own and the shared ones.

    Args:
        minima: Of one pair and metric.
        levels: The part `levels` of compare.json.
        is_zero: Whether the sides are the same at every shared level, so that nothing more is to be said of these.
    """
    name = f"{minima['b']} minus {minima['a']}"
    if minima["has_same_levels"]:
        return [] if is_zero else [_minimum(minima, part="shared", name=name), *_at_the_end(minima, name=name)]
    return [
        _minimum(minima, part="own", name=name),
        _chances(minima, levels=levels),
        *_at_the_end(minima, name=name),
        *([] if is_zero else [_minimum(minima, part="shared", name=name)]),
    ]


def _minimum(minima: Mapping[str, Any], *, part: str, name: str) -> str:
    minimum, where = minima[part], "" if minima["has_same_levels"] else f" {WHERE[part]}"
    if not is_defined(minimum):
        return f"{name}, each seed's minimum{where}: no comparison, since {why(minimum)}."
    later = _later(minimum["place"], unit=minima["unit"])
    return (
        f"{name}, each seed's minimum{where}{_of_fewer(minima, part=part)}: {difference_text(minimum['value'])}; it "
        f"comes {later}."
    )


def _of_fewer(minima: Mapping[str, Any], *, part: str) -> str:
    """The seeds, where a gap beyond the shared levels leaves fewer of them than are compared there."""
    minimum, shared = minima[part], minima["shared"]
    if (minimum["seeds_a"], minimum["seeds_b"]) == (shared["seeds_a"], shared["seeds_b"]):
        return ""
    counts = [f"{len(minimum[f'seeds_{side}'])} of {minima[side]}" for side in ("b", "a")]
    return f", of the seeds without a gap there ({' and '.join(counts)})"


def _chances(minima: Mapping[str, Any], *, levels: Mapping[str, Any]) -> str:
    """Which side had more chances of a low minimum, for being measured more often or further."""
    sides = [
        f"{minima[side]} {'was measured ' if side == 'a' else ''}at "
        f"{counted(minima[f'num_levels_{side}'], 'level')} up to "
        f"{level_text(minima[f'last_level_{side}'], levels=levels)}"
        for side in ("a", "b")
    ]
    reasons = _reasons(minima, levels=levels)
    more = f": {' and '.join(reasons)}, each of which makes a low minimum likelier" if len(reasons) > 1 else ""
    if len(reasons) == 1:
        more = f": {reasons[0]}, and so had more chances of a low minimum"
    return f"{' and '.join(sides)}{more}."


def _reasons(minima: Mapping[str, Any], *, levels: Mapping[str, Any]) -> list[str]:
    ends = {side: _position(minima[f"last_level_{side}"], levels=levels) for side in ("a", "b")}
    counts = {side: minima[f"num_levels_{side}"] for side in ("a", "b")}
    longer, oftener = (max(each, key=each.__getitem__) for each in (ends, counts))
    ran = [] if ends["a"] == ends["b"] else [longer]
    measured = [] if counts["a"] == counts["b"] else [oftener]
    if ran and ran == measured:
        return [f"{minima[longer]} ran longer and was measured more often"]
    return [f"{minima[side]} ran longer" for side in ran] + [
        f"{minima[side]} was measured more often" for side in measured
    ]


def _position(level: int, *, levels: Mapping[str, Any]) -> float:
    tokens = tokens_of(level, levels=levels)
    return float(level) if tokens is None else tokens


def _later(place: Mapping[str, Any], *, unit: str) -> str:
    mean, is_fixed = place["mean_difference"], not is_defined(place["ci95_low"])
    way = "later" if mean > 0 else "earlier"
    distance, units = number(abs(mean), digits=0), unit if unit.endswith("s") else f"{unit}s"
    size = "at the same place" if mean == 0 else f"{distance} {unit if distance == '1' else units} {way}"
    if is_fixed:
        return f"{size} for every seed"
    span = interval_text(place["ci95_low"], place["ci95_high"], digits=0)
    return f"{size} on average (difference in {units}: 95 % t interval {span})"


def _at_the_end(minima: Mapping[str, Any], *, name: str) -> list[str]:
    """How many minima may lie beyond what was measured."""
    own = minima["own"]
    if not is_defined(own) or own["num_last_a"] + own["num_last_b"] == 0:
        return []
    counts = [
        f"{own[f'num_last_{side}']} of {counted(len(own[f'seeds_{side}']), 'seed')} of {minima[side]}"
        for side in ("a", "b")
    ]
    return [f"{name}: {' and '.join(counts)} are lowest at their last level, and may fall further beyond it."]
