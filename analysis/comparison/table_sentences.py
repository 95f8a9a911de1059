"""Say what the tables of one pair hold: whose differences, how they are paired, what each correction is over."""

from collections.abc import Mapping
from typing import Any

from analysis.comparison.sharing import Sharing
from analysis.comparison.wording import seeds_text
from analysis.few_seeds import is_only_described, why_no_p
from analysis.report.numbers import unit_of

__all__ = ["what_tables_hold"]


# Any: the tree of compare.json mixes numbers, sentences and lists.
def what_tables_hold(comparison: Mapping[str, Any], *, sharing: Mapping[str, Any], num_pairs: int) -> list[str]:
    """Sentences to stand above the tables.

    Args:
        comparison: Of one pair.
        sharing: What seeds of one number have in common, of the same pair.
        num_pairs: Pairs of sides that are compared.
    """
    is_paired = comparison["pairing"] == "paired"
    num_seeds = min(len(comparison["seeds_a"]), len(comparison["seeds_b"]))
    return [
        *(_paired(comparison, sharing=sharing) if is_paired else _unpaired(comparison)),
        f"There is {why_no_p(num_seeds)}; compare.json holds the tests." if is_only_described(num_seeds) else "",
        *_over_levels(comparison["by_level"]["num_comparisons"]),
        f"In the last table Holm's p is over the {num_pairs} pairs of sides." if num_pairs > 1 else "",
    ]


def _paired(comparison: Mapping[str, Any], *, sharing: Mapping[str, Any]) -> list[str]:
    a, b = comparison["a"], comparison["b"]
    return [
        f"Differences are {b} minus {a} in {unit_of('val_loss')}, paired by {seeds_text(comparison['seeds_a'])}: each "
        "seed is its own control.",
        _shared(sharing),
        "The exact p flips the signs of whole seeds.",
    ]


def _unpaired(comparison: Mapping[str, Any]) -> list[str]:
    a, b = comparison["a"], comparison["b"]
    return [
        f"Differences are {b} minus {a} in {unit_of('val_loss')}, {seeds_text(comparison['seeds_b'])} of {b} against "
        f"{seeds_text(comparison['seeds_a'])} of {a}, by Welch's t, since fewer than two complete seeds are shared.",
        "The exact p exchanges seeds between the sides.",
    ]


def _shared(sharing: Mapping[str, Any]) -> str:
    things = {"initial weights": sharing["initial_weights"], "data order": sharing["data_order"]}
    clauses = [
        f"{says} {' and '.join(named)}"
        for kind, says in (
            (Sharing.SHARED, "share their"),
            (Sharing.MIXED, "partly share their"),
            (Sharing.DIFFERENT, "do not share their"),
            (Sharing.UNKNOWN, "are not known to share their"),
        )
        if (named := [thing for thing, found in things.items() if found == kind])
    ]
    return f"Seeds of one number {' and '.join(clauses)}."


def _over_levels(num_levels: int) -> list[str]:
    if num_levels == 1:
        return []
    return [
        f"The simultaneous intervals, Holm's p and the max-T p each keep one error rate over all {num_levels} levels."
    ]
