"""Say what a comparison found, in plain sentences."""

from collections.abc import Mapping
from typing import Any

from analysis.comparison.only_described import shown_comparison
from analysis.comparison.pair_sentences import pair_sentences
from analysis.comparison.wording import value_text
from configs.counted import counted

__all__ = ["summarize_comparison"]

MOST_FIELDS = 5
MOST_CHARACTERS = 40
EVERY = {"interval": "interval", "target_tokens": "number of tokens", "tokens": "number of tokens"}


# Any: the tree of compare.json mixes numbers, sentences and lists.
def summarize_comparison(result: Mapping[str, Any]) -> list[str]:
    """One sentence per finding, unwrapped: the sides, what differs, what is unfair, then each pair.

    Args:
        result: What `compare_sides` returned.
    """
    losses = shown_comparison(result)["metrics"]["val_loss"]
    sentences = [_sides(result), _differing(result), *(f"warning: {warning}." for warning in result["warnings"])]
    for comparison, minima in zip(losses["comparisons"], losses["minima"], strict=True):
        sentences += pair_sentences(comparison, minima=minima, levels=result["levels"])
    return sentences


def _sides(result: Mapping[str, Any]) -> str:
    named = [f"{side['name']} ({_complete(side)})" for side in result["sides"]]
    within = result["levels"]["within"]
    every = EVERY.get(within, f"value of {within}")
    return f"Compared at every {every} that they share: {', '.join(named)}; {result['levels']['why']}."


def _complete(side: Mapping[str, Any]) -> str:
    complete, num_seeds = side["num_complete_seeds"], side["num_seeds"]
    if complete == num_seeds:
        return counted(complete, "complete seed")
    return f"{complete:,} of {counted(num_seeds, 'seed')} without a gap"


def _differing(result: Mapping[str, Any]) -> str:
    if sum(side["has_config"] for side in result["sides"]) < 2:
        return "What differs between their configs is not known."
    fields = result["differs"]["config"]
    if not fields:
        return "No config field that is known differs."
    named = [f"{field['field']} ({_values(field)})" for field in fields]
    rest = len(named) - MOST_FIELDS
    more = f" and {counted(rest, 'more field')}" if rest > 0 else ""
    return f"Their configs differ in {'; '.join(named[:MOST_FIELDS])}{more}."


def _values(field: Mapping[str, Any]) -> str:
    return ", ".join(
        value_text(value, field=field["field"], most=MOST_CHARACTERS) for value in field["values"].values()
    )
