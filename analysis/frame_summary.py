"""Say what the analysis of any long-form table found, in plain sentences."""

from typing import Any

from analysis.excerpt import listed_words, number_text
from analysis.flat_metric import is_flat_metric
from configs.counted import counted

__all__ = ["summarize_frame"]

NUM_NAMED = 5


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def summarize_frame(statistics: dict[str, Any]) -> list[str]:
    """One sentence per finding, unwrapped: the design, what was left out, each metric, the warnings.

    Args:
        statistics: What `analyze_frame` or `analyze_conditions` returned.
    """
    conditions = statistics.get("conditions")
    if conditions is None:
        return _summarize(statistics)
    return [f"{name}: {sentence}" for name, result in conditions.items() for sentence in _summarize(result)]


def _summarize(statistics: dict[str, Any]) -> list[str]:
    design = statistics["design"]
    subjects, levels = counted(design["num_subjects"], "subject"), counted(design["num_levels"], "level")
    sentences = [f"{subjects} ({design['subject']}) x {levels} ({design['within']})."]
    sentences += _left_out(statistics["audit"]["dropped"])
    flat = [metric for metric, result in statistics["metrics"].items() if is_flat_metric(result)]
    for metric, result in statistics["metrics"].items():
        if metric not in flat[1:]:
            sentences += [f"{metric}: {text}" for text in _metric_sentences(result)]
    if len(flat) > 1:
        sentences.append(f"{listed_words(flat[1:])}: no change either.")
    return sentences + [f"warning: {warning}." for warning in statistics["audit"]["warnings"]]


def _left_out(dropped: list[dict[str, str]]) -> list[str]:
    """One sentence per reason, however many levels share it; statistics.json lists each."""
    by_reason: dict[tuple[str, str, str], list[str]] = {}
    for item in dropped:
        by_reason.setdefault((item["metric"], item["what"], item["why"]), []).append(item["id"])
    return [
        f"{metric}: {what} {names[0]} is left out: {why}."
        if len(names) == 1
        else f"{metric}: {len(names):,} {what}s are left out ({', '.join(names[:NUM_NAMED])}"
        f"{', ...' if len(names) > NUM_NAMED else ''}): {why}."
        for (metric, what, why), names in by_reason.items()
    ]


def _metric_sentences(result: dict[str, Any]) -> list[str]:
    summaries = result["summaries"]
    if "undefined" in summaries:
        return ["no value is left to analyse."]
    if is_flat_metric(result):
        return [f"the metric does not change: {_flat_values(summaries)}; there is nothing to test."]
    where = _only_level(summaries) if result["num_levels"] == 1 else _lowest(summaries)
    return [f"{where}.", _apa_sentence(result["apa"])]


def _flat_values(summaries: dict[str, Any]) -> str:
    values = [row["value"] for row in summaries["minimum_value"]["per_seed"]]
    low, high = number_text(min(values)), number_text(max(values))
    if len(values) == 1:
        return f"{low} at every level"
    if low == high:
        return f"{low} at every level of every seed"
    return f"each of the {len(values)} has one value at every level, from {low} to {high}"


def _only_level(summaries: dict[str, Any]) -> str:
    lowest = summaries["lowest_mean"]
    what = "value" if len(summaries["minimum"]) == 1 else "mean"
    return f"{what} {number_text(lowest['mean'])} at level {lowest['level']}, the only one"


def _lowest(summaries: dict[str, Any]) -> str:
    lowest, rise = summaries["lowest_mean"], summaries["final_minus_minimum"]
    is_alone = rise["num_seeds"] == 1
    what = "lowest value" if is_alone else "lowest mean"
    place = f"{what} {number_text(lowest['mean'])} at level {lowest['level']}"
    if rise["num_positive"] == 0:
        return f"{place}{_fall(summaries, is_alone=is_alone)}"
    size = f"{place}; final minus minimum {number_text(rise['interval']['mean'])}"
    if is_alone:
        return size
    interval = rise["interval"]
    return f"{size} ({_span(interval)}, n = {interval['n']}), positive in {rise['num_positive']} of {rise['num_seeds']}"


def _fall(summaries: dict[str, Any], *, is_alone: bool) -> str:
    """Whether each seed is lowest at the end; a minimum that comes back there ties, and lies where it was first."""
    is_last = [row["level"] == summaries["final_level"] for row in summaries["minimum"]]
    if is_alone:
        return ", the last" if is_last[0] else "; it ends as low"
    if all(is_last):
        return f"; each of the {len(is_last)} is lowest at the last level"
    return f"; none of the {len(is_last)} ends above its minimum"


def _span(interval: dict[str, Any]) -> str:
    low, high = interval["ci95_low"], interval["ci95_high"]
    if not isinstance(low, float):
        return f"no interval: {low['undefined']}"
    if interval["sd"] == 0:
        return "the same for every seed"
    # Final minus minimum is not below zero for any seed, so that the interval of the mean ends there.
    return f"95 % t interval {number_text(max(low, 0.0))} to {number_text(high)}"


def _apa_sentence(apa: str | dict[str, str]) -> str:
    return f"no F: {apa['undefined']}." if isinstance(apa, dict) else f"{apa}."
