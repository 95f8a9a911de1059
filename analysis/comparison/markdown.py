"""Write a comparison as Markdown, with every number of its tables."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.comparison.sentences import summarize_comparison
from analysis.report.numbers import is_defined, number, why

__all__ = ["comparison_to_markdown"]

MOST_CHARACTERS = 60
GROUPS = ("config", "corpus", "versions", "hardware")
MARKUP = "\\`*_[]|<>"


# Any: the tree of compare.json mixes numbers, sentences and lists.
def comparison_to_markdown(result: Mapping[str, Any]) -> str:
    """The text of compare.md, ending with a newline.

    Args:
        result: What `compare_sides` returned.
    """
    return "\n".join(_lines(result)) + "\n"


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {_text(' against '.join(side['name'] for side in result['sides']))}"
    yield ""
    yield from (f"- {_text(sentence)}" for sentence in summarize_comparison(result))
    yield from ("", "## The sides", "")
    yield from _table(
        ("side", "read from", "seeds", "complete", "levels", "tokens", "passes"),
        [
            (
                side["name"],
                side["source"],
                number(side["num_seeds"]),
                number(side["num_complete_seeds"]),
                number(side["num_levels"]),
                number(side["tokens"], digits=0),
                number(side["passes"], digits=1),
            )
            for side in result["sides"]
        ],
    )
    yield from _differences(result)
    for metric, analysis in result["metrics"].items():
        for comparison in analysis["comparisons"]:
            yield from _comparison(metric, comparison)


def _differences(result: Mapping[str, Any]) -> Iterator[str]:
    names = [side["name"] for side in result["sides"]]
    rows = [
        (group, field["field"], *(_short(field["values"].get(name)) for name in names))
        for group in GROUPS
        for field in result["differs"][group]
    ]
    yield from ("", "## What differs", "")
    if rows:
        yield from _table(("in", "field", *names), rows)
    else:
        yield "Nothing that is known of configs and manifests."


def _comparison(metric: str, comparison: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"## {_text(metric)}: {_text(comparison['b'])} minus {_text(comparison['a'])}", "")
    by_level = comparison["by_level"]
    if not is_defined(by_level):
        yield f"No comparison: {_text(why(by_level))}."
        return
    yield (
        f"{comparison['pairing'].capitalize()}, {len(comparison['seeds_b'])} and {len(comparison['seeds_a'])} seeds; "
        f"{_text(comparison['note'])} The simultaneous intervals and the last two p-values hold over all "
        f"{by_level['num_comparisons']} levels."
    )
    yield ""
    yield from _table(
        ("level", "difference", "95 % t interval", "simultaneous", "t", "p", "p Holm", "p max-T"),
        [_row(row) for row in by_level["rows"]],
    )
    yield ""
    yield from _table(
        ("of each seed", "difference", "95 % t interval", "t", "p", "p exact"),
        [
            (name, *_measure(comparison[key]))
            for name, key in (("mean of the levels", "mean"), ("minimum", "minimum"), ("last shared level", "final"))
        ],
    )


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        str(row["level"]),
        number(row["mean_difference"]),
        _interval(row["ci95_low"], row["ci95_high"]),
        _interval(row["sim95_low"], row["sim95_high"]),
        number(row["t"], digits=2),
        _p(row["p"]),
        _p(row["p_holm"]),
        _p(row["p_max_t"]),
    )


def _measure(measure: Mapping[str, Any]) -> tuple[str, ...]:
    if not is_defined(measure):
        return (f"undefined: {why(measure)}", "", "", "", "")
    return (
        number(measure["mean_difference"]),
        _interval(measure["ci95_low"], measure["ci95_high"]),
        number(measure["t"], digits=2),
        _p(measure["p"]),
        _p(measure["p_exact"]),
    )


def _interval(low: Any, high: Any) -> str:
    return f"[{number(low)}, {number(high)}]" if is_defined(low) else number(low)


def _p(value: Any) -> str:
    return f"{value:.2g}" if is_defined(value) else number(value)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(map(_text, head))} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(_text, row))} |"


def _short(value: object) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 3]}..."


def _text(value: str) -> str:
    """Plain text as Markdown that shows it: no name breaks a cell or is read as markup."""
    escaped = "".join(f"\\{character}" if character in MARKUP else character for character in value)
    return " ".join(escaped.split())
