"""Say what an experiment showed in the plain sentences that end it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.flat_metric import is_flat_metric
from analysis.missing_cells import Cell, cells_in, describe_cells, missing_cells
from analysis.stopped_early import stopped_at
from configs.counted import counted
from configs.repetition import NUM_PASSES_NEARLY_FREE

__all__ = ["ConditionFacts", "SummaryFacts", "summarize", "summary_facts"]


@dataclass(frozen=True)
class ConditionFacts:
    """What the statistics of one condition do not hold."""

    tokens: Mapping[int, int]
    """Training tokens seen by the end of each interval."""
    last_interval: int
    """The last that any seed has."""
    passes: float | None
    """Tokens seen over unique training tokens, at the last interval."""
    final_train_loss: float | None
    """Mean at the last interval over the seeds that have it, in nats per token."""


@dataclass(frozen=True)
class SummaryFacts:
    """What the statistics do not hold."""

    num_expected_cells: int
    missing: tuple[Cell, ...]
    conditions: Mapping[str, ConditionFacts]


def summary_facts(table: pd.DataFrame, *, expected: Sequence[Cell] = ()) -> SummaryFacts:
    """Collect tokens, passes, train loss and missing cells from an experiment's table.

    Args:
        table: What `table_from_records` made, or `read_table` read.
        expected: All cells of the experiment; without it the table counts as complete.

    Raises:
        TableError: If the table lacks a key column.
    """
    return SummaryFacts(
        num_expected_cells=len(set(expected)) if expected else len(cells_in(table)),
        missing=missing_cells(table, expected=expected),
        conditions={str(name): _facts(table[table["condition"] == name]) for name in dict.fromkeys(table["condition"])},
    )


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def summarize(statistics: dict[str, Any], facts: SummaryFacts) -> list[str]:
    """The sentences that end a run, what is missing first.

    Args:
        statistics: What `analyze_table` returned, with the metric `val_loss`.
        facts: What `summary_facts` collected.

    Returns:
        One sentence per entry, unwrapped. With several conditions each sentence starts with its condition.
    """
    sentences = _partial(facts)
    conditions = statistics.get("conditions")
    if conditions is None:
        return sentences + _summarize_condition(statistics, facts=facts)
    for name, result in conditions.items():
        sentences += [f"{name}: {sentence}" for sentence in _summarize_condition(result, facts=facts)]
    return sentences


def _partial(facts: SummaryFacts) -> list[str]:
    if not facts.missing:
        return []
    num_present = facts.num_expected_cells - len(facts.missing)
    num_cells = counted(facts.num_expected_cells, "cell")
    return [f"PARTIAL: {num_present:,} of {num_cells}; missing: {describe_cells(facts.missing)}."]


def _summarize_condition(statistics: dict[str, Any], *, facts: SummaryFacts) -> list[str]:
    metric = statistics["metrics"].get("val_loss")
    known = facts.conditions.get(statistics["design"]["condition"])
    sentences = _left_out(statistics)
    if metric is None:
        return [*sentences, "The validation loss was not analysed."]
    stopped = stopped_at(statistics, metric="val_loss")
    sentences += [*_so_far(stopped), *_of_loss(metric, known=known, stopped=stopped)]
    if known is not None:
        sentences += _passes(known, stopped=stopped)
    # Warnings on other metrics, such as that perplexity is the same curve again, concern what is not said here.
    warnings = [
        warning for warning in statistics["audit"]["warnings"] if warning.startswith(("val_loss:", "val_loss,"))
    ]
    sentences += [f"warning: {warning}." for warning in warnings]
    return sentences if is_flat_metric(metric) else [*sentences, _apa(metric["apa"])]


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _of_loss(metric: dict[str, Any], *, known: ConditionFacts | None, stopped: int | None) -> list[str]:
    summaries = metric["summaries"]
    if "undefined" in summaries:
        return [f"The validation loss has no summary: {summaries['undefined']}."]
    lowest, whose = summaries["lowest_mean"], _whose_loss(metric)
    if metric["num_levels"] == 1:
        return [f"{whose} at the only interval, {lowest['level']}: {lowest['mean']:.4f} nats per token."]
    if is_flat_metric(metric):
        return [f"The validation loss does not change: {lowest['mean']:.4f} nats per token on average; no F."]
    return [_lowest(summaries, whose=whose, known=known), _rise(summaries, stopped=stopped)]


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _whose_loss(metric: dict[str, Any]) -> str:
    return "Validation loss of the one seed used" if metric["num_subjects"] == 1 else "Mean validation loss"


def _so_far(stopped: int | None) -> list[str]:
    return [] if stopped is None else [f"So far: what follows goes up to interval {stopped}, and more were planned."]


def _left_out(statistics: dict[str, Any]) -> list[str]:
    dropped = statistics["audit"]["dropped"]
    seeds = [str(item["id"]) for item in dropped if item["metric"] == "val_loss" and item["what"] == "seed"]
    if not seeds:
        return []
    whose, are = ("Seed", "is") if len(seeds) == 1 else ("Seeds", "are")
    return [f"{whose} {', '.join(seeds)} {are} left out of the statistics, having no finite value at some interval."]


def _lowest(summaries: dict[str, Any], *, whose: str, known: ConditionFacts | None) -> str:
    lowest = summaries["lowest_mean"]
    tokens = None if known is None else known.tokens.get(lowest["level"])
    place = f" ({tokens:,} tokens)" if tokens is not None else ""
    return f"{whose} is lowest at interval {lowest['level']}{place}: {lowest['mean']:.4f} nats per token."


def _rise(summaries: dict[str, Any], *, stopped: int | None) -> str:
    rise = summaries["final_minus_minimum"]
    interval = rise["interval"]
    low, high = interval["ci95_low"], interval["ci95_high"]
    if not isinstance(low, float):
        span = f"no interval: {low['undefined']}, n = {interval['n']}"
    elif interval["sd"] == 0:
        span = f"the same for every seed, n = {interval['n']}"
    else:
        # No seed ends below its own minimum, so that the interval of the mean ends at zero.
        span = f"95 % t interval {max(low, 0.0):.4f} to {high:.4f}, n = {interval['n']}"
    if rise["num_positive"] == 0:
        is_last = all(row["level"] == summaries["final_level"] for row in summaries["minimum"])
        last = "the last interval" if stopped is None else f"interval {stopped}, the last so far"
        if rise["num_seeds"] == 1:
            is_so = f"is lowest at {last}" if is_last else "does not end above its lowest validation loss"
            return f"The one seed used {is_so}."
        said = f"Every seed's validation loss is lowest at {last}"
        return f"{said if is_last else 'No seed ends above its lowest validation loss'} (n = {rise['num_seeds']})."
    end_above_their = "ends above its" if rise["num_positive"] == 1 else "end above their"
    final = "Final" if stopped is None else f"Interval {stopped}"
    return (
        f"{final} minus minimum: {interval['mean']:.4f} nats ({span}); {rise['num_positive']} of "
        f"{counted(rise['num_seeds'], 'seed')} {end_above_their} minimum, which lies low because it is the least of "
        "noisy values."
    )


def _passes(known: ConditionFacts, *, stopped: int | None) -> list[str]:
    sentences = []
    made, end = ("The runs made", "the end")
    if stopped is not None:
        made, end = f"Up to interval {known.last_interval} the runs made", f"interval {known.last_interval}"
    if known.passes is not None:
        sentences.append(f"{made} {known.passes:.1f} passes over the training text.{_repetition(known.passes)}")
    if known.final_train_loss is not None:
        sentences.append(f"Training loss at {end}: {known.final_train_loss:.4f} nats per token.")
    return sentences


def _repetition(passes: float) -> str:
    if passes <= NUM_PASSES_NEARLY_FREE:
        return ""
    return (
        f" Beyond {NUM_PASSES_NEARLY_FREE} passes repetition costs (Muennighoff et al. 2023): a rising validation loss "
        "may be memorisation, not an effect of the token budget."
    )


def _apa(line: str | dict[str, str]) -> str:
    return f"No F: {line['undefined']}." if isinstance(line, dict) else f"{line}."


def _facts(rows: pd.DataFrame) -> ConditionFacts:
    last = rows[rows["interval"] == rows["interval"].max()]
    return ConditionFacts(
        last_interval=int(rows["interval"].max()),
        tokens={
            int(interval): int(tokens)
            for interval, tokens in zip(rows["interval"], rows["tokens"], strict=True)
            if pd.notna(tokens)
        },
        passes=_mean_or_none(last["passes"]),
        final_train_loss=_mean_or_none(last["train_loss"]),
    )


def _mean_or_none(column: pd.Series) -> float | None:
    known = column.dropna()
    return float(known.mean()) if len(known) else None
