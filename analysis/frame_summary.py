"""Say what the analysis of any long-form table found, in plain sentences."""

from typing import Any

from analysis.excerpt import number_text

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
    sentences = [
        f"{design['num_subjects']} subjects ({design['subject']}) x {design['num_levels']} levels ({design['within']})."
    ]
    sentences += _left_out(statistics["audit"]["dropped"])
    for metric, result in statistics["metrics"].items():
        sentences += [f"{metric}: {text}" for text in _metric_sentences(result)]
    return sentences + [f"Warning: {warning}" for warning in statistics["audit"]["warnings"]]


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
    return [*_summary_sentences(result["summaries"]), _apa_sentence(result["apa"])]


def _summary_sentences(summaries: dict[str, Any]) -> list[str]:
    if "undefined" in summaries:
        return [f"no summary: {summaries['undefined']}."]
    lowest, rise = summaries["lowest_mean"], summaries["final_minus_minimum"]
    place = f"lowest mean {number_text(lowest['mean'])} at level {lowest['level']}"
    if rise["num_positive"] == 0:
        return [f"{place}; each of the {rise['num_seeds']} is lowest at the last level."]
    interval = rise["interval"]
    low, high = interval["ci95_low"], interval["ci95_high"]
    span = (
        f"95 % t interval {number_text(low)} to {number_text(high)}"
        if isinstance(low, float)
        else f"no interval: {low['undefined']}"
    )
    return [
        f"{place}; final minus minimum {number_text(interval['mean'])} ({span}, n = {interval['n']}), "
        f"positive in {rise['num_positive']} of {rise['num_seeds']}."
    ]


def _apa_sentence(apa: str | dict[str, str]) -> str:
    return f"no F: {apa['undefined']}." if isinstance(apa, dict) else f"{apa}."
