"""Take the p-values out of what is shown of pairs of sides with few seeds; compare.json keeps them."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.few_seeds import is_only_described, why_no_p

__all__ = ["shown_comparison"]

OF_TESTS = frozenset({"p", "p_holm", "p_exact", "p_max_t", "exact", "interaction_sign_flip"})


# Any: the tree of compare.json mixes numbers, sentences and lists.
def shown_comparison(result: Mapping[str, Any]) -> dict[str, Any]:
    """The tree in which no p stands that sentences and tables must not show.

    Args:
        result: What `compare_sides` returned.
    """
    metrics = {name: _shown_metric(metric) for name, metric in result["metrics"].items()}
    return {**result, "metrics": metrics}


def _shown_metric(metric: Mapping[str, Any]) -> dict[str, Any]:
    pairs = list(zip(metric["comparisons"], metric["minima"], strict=True))
    shown = [_shown_pair(comparison, minima) for comparison, minima in pairs]
    return {
        **metric,
        "comparisons": [comparison for comparison, _ in shown],
        "minima": [minima for _, minima in shown],
    }


def _shown_pair(comparison: Mapping[str, Any], minima: Mapping[str, Any]) -> tuple[Any, Any]:
    num_seeds = min(len(comparison["seeds_a"]), len(comparison["seeds_b"]))
    if not is_only_described(num_seeds):
        return comparison, minima
    return _without_p(comparison, why=why_no_p(num_seeds)), _without_p(minima, why=why_no_p(num_seeds))


def _without_p(tree: Any, *, why: str) -> Any:
    if isinstance(tree, Mapping):
        return {key: {"undefined": why} if key in OF_TESTS else _without_p(each, why=why) for key, each in tree.items()}
    if isinstance(tree, Sequence) and not isinstance(tree, str):
        return [_without_p(each, why=why) for each in tree]
    return tree
