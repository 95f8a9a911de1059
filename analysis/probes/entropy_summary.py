"""Gather what an entropy study found, as a tree and in sentences."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.excerpt import listed_words
from analysis.probes.entropy_dynamics import PARTS, summarize_dynamics
from analysis.probes.entropy_scaling import SizedValues, summarize_scaling
from analysis.probes.entropy_table import ScoredGroup
from analysis.probes.half_way import half_way_interval_text
from analysis.undefined import to_plain
from configs.counted import counted

__all__ = ["entropy_sentences", "entropy_summary"]

_NAMES = {
    "cross_entropy": "cross entropy",
    "error_entropy": "error entropy",
    "self_alignment": "self-alignment",
    "minus_log_norm": "minus log norm",
}


def entropy_summary(table: pd.DataFrame, *, groups: Sequence[ScoredGroup]) -> dict[str, Any]:
    """The tree that becomes entropy.json.

    Args:
        table: The entropy table.
        groups: The scores that it was made from.
    """
    names = list(dict.fromkeys(group.condition for group in groups))
    of_condition = {name: [group for group in groups if group.condition == name] for name in names}
    return {
        "schema_version": 1,
        "num_tokens": int(table.num_tokens.iloc[0]),
        "largest_identity_error_nats": _identity_error(table),
        "conditions": {
            name: summarize_dynamics(table[table.condition == name], groups=of_condition[name]) for name in names
        },
        "scaling": to_plain(
            summarize_scaling([_sized(name, table=table, last=of_condition[name][-1]) for name in names])
        ),
    }


def entropy_sentences(summary: dict[str, Any]) -> tuple[str, ...]:
    """The end of training of every condition, what fell when, and the fit against size.

    Args:
        summary: What `entropy_summary` gave.
    """
    sentences = [sentence for name, one in summary["conditions"].items() for sentence in _of_condition(name, one)]
    scaling = summary["scaling"]
    if "undefined" not in scaling:
        exponents = ", ".join(
            f"{_NAMES[fit['part']]} {_exponent(fit)}" for fit in scaling["fits"] if fit["against"] == "non_embedding"
        )
        sentences.append(f"Exponents against non-embedding parameters: {exponents}. {scaling['statement']}")
    return tuple(sentences)


def _of_condition(name: str, one: dict[str, Any]) -> list[str]:
    last, full = one["last"], one["subsets"][3]
    if not isinstance(last["cross_entropy"]["mean"], float):
        return [f"{name}: no seed has every interval, so only the table tells of it."]
    parts = ", ".join(f"{_NAMES[part]} {last[part]['mean']:z.3f}" for part in PARTS[1:])
    seeds = "1 seed" if one["num_seeds"] == 1 else f"mean of {one['num_seeds']:,} seeds"
    return [
        f"{name}: cross entropy {last['cross_entropy']['mean']:.3f} = {parts} nats at the end ({seeds}, "
        f"{counted(full['num_tokens'], 'token')}, {full['num_ranks']:,.0f} ranks observed).",
        *_half_way_sentences(name, {part: one["half_way_step"][part] for part in PARTS[1:]}),
    ]


def _half_way_sentences(name: str, half_ways: dict[str, Any]) -> list[str]:
    """When each part made half of its change, and why others have no such step; every part is named."""
    told = {part: value for part, value in half_ways.items() if "undefined" not in value}
    order = [
        f"in {_NAMES[part]} by step {value['mean']:,.0f} {half_way_interval_text(value)}".rstrip()
        for part, value in sorted(told.items(), key=lambda item: item[1]["mean"])
    ]
    sentences = [f"{name}: half of the change is made {', '.join(order)}."] if order else []
    for reason in dict.fromkeys(value["undefined"] for part, value in half_ways.items() if part not in told):
        parts = [_NAMES[part] for part, value in half_ways.items() if value.get("undefined") == reason]
        sentences.append(f"{name}: no half-way step of {listed_words(parts)}: {reason}.")
    return sentences


def _exponent(fit: dict[str, Any]) -> str:
    exponent = fit["exponent"]
    if "undefined" in exponent:
        return "undefined (it changes its sign)"
    low, high = exponent["ci95_low"], exponent["ci95_high"]
    interval = f" [{low:+.3f}, {high:+.3f}]" if isinstance(low, float) else ""
    return f"{exponent['mean']:+.3f}{interval}"


def _identity_error(table: pd.DataFrame) -> float:
    parts = table.error_entropy_nats + table.self_alignment_nats - table.log_norm_nats
    return float((table.cross_entropy_nats - parts).abs().max())


def _by_seed(column: pd.Series) -> dict[int, float]:
    return {int(seed): float(value) for seed, value in zip(column.index, column, strict=True)}


def _sized(name: str, *, table: pd.DataFrame, last: ScoredGroup) -> SizedValues:
    rows = table[(table.condition == name) & (table.interval == last.interval)].set_index("seed")
    num_parameters = int(last.arrays["num_parameters"])
    return SizedValues(
        condition=name,
        sizes={
            "non_embedding": num_parameters - int(last.arrays["num_embedding_parameters"]),
            "total": num_parameters,
        },
        values={
            "cross_entropy": _by_seed(rows.cross_entropy_nats),
            "error_entropy": _by_seed(rows.error_entropy_nats),
            "self_alignment": _by_seed(rows.self_alignment_nats),
            "minus_log_norm": _by_seed(-rows.log_norm_nats),
        },
    )
