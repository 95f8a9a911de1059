"""Write a comparison as Markdown, with every number of its tables."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.comparison.only_described import shown_comparison
from analysis.comparison.sentences import summarize_comparison
from analysis.comparison.table_sentences import what_tables_hold
from analysis.comparison.wording import tokens_of, value_text, why_no_comparison
from analysis.report.numbers import interval_text, is_defined, number, p_cell, why

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
    for metric, analysis in shown_comparison(result)["metrics"].items():
        pairs = zip(analysis["comparisons"], analysis["minima"], result["sharing"], strict=True)
        for comparison, minima, sharing in pairs:
            yield from _pair(metric, comparison, minima=minima, sharing=sharing, result=result)


def _differences(result: Mapping[str, Any]) -> Iterator[str]:
    names = [side["name"] for side in result["sides"]]
    rows = [
        (
            group,
            field["field"],
            *(value_text(field["values"].get(name), field=field["field"], most=MOST_CHARACTERS) for name in names),
        )
        for group in GROUPS
        for field in result["differs"][group]
    ]
    yield from ("", "## What differs", "")
    if rows:
        yield from _table(("in", "field", *names), rows)
    else:
        yield "Nothing that is known of configs and manifests."


def _pair(
    metric: str,
    comparison: Mapping[str, Any],
    *,
    minima: Mapping[str, Any],
    sharing: Mapping[str, Any],
    result: Mapping[str, Any],
) -> Iterator[str]:
    yield from ("", f"## {_text(metric)}: {_text(comparison['b'])} minus {_text(comparison['a'])}", "")
    by_level = comparison["by_level"]
    if not is_defined(by_level):
        yield f"No comparison, since {_text(why_no_comparison(comparison))}."
        return
    yield _text(" ".join(what_tables_hold(comparison, sharing=sharing, num_pairs=len(result["sharing"]))))
    yield ""
    yield from _by_level(by_level, levels=result["levels"])
    yield ""
    yield from _of_each_seed(comparison, minima=minima, num_pairs=len(result["sharing"]))


def _by_level(by_level: Mapping[str, Any], *, levels: Mapping[str, Any]) -> Iterator[str]:
    within = levels["within"]
    is_apart = bool(levels["tokens"]) and within != "tokens"
    head = (within, *(("tokens",) if is_apart else ()))
    yield from _table(
        (*head, "difference", "95 % t interval", "simultaneous", "t", "p", "p Holm", "p max-T"),
        [
            (
                number(row["level"]),
                *((number(tokens_of(row["level"], levels=levels), digits=0),) if is_apart else ()),
                *_level_cells(row),
            )
            for row in by_level["rows"]
        ],
    )


def _level_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        number(row["mean_difference"]),
        _interval(row["ci95_low"], row["ci95_high"]),
        _interval(row["sim95_low"], row["sim95_high"]),
        number(row["t"], digits=2),
        p_cell(row["p"]),
        p_cell(row["p_holm"]),
        p_cell(row["p_max_t"]),
    )


def _of_each_seed(comparison: Mapping[str, Any], *, minima: Mapping[str, Any], num_pairs: int) -> Iterator[str]:
    own, shared = (each["value"] if is_defined(each) else each for each in (minima["own"], minima["shared"]))
    is_same = minima["has_same_levels"]
    measures = (
        ("mean of the levels" if is_same else "mean of the shared levels", comparison["mean"]),
        *(() if is_same else (("minimum over all levels of its own side", own),)),
        ("minimum" if is_same else "minimum within the shared levels", shared),
        ("last level" if is_same else "last shared level", comparison["final"]),
    )
    head = (
        "of each seed",
        "difference",
        "95 % t interval",
        "t",
        "p",
        *(("p Holm",) if num_pairs > 1 else ()),
        "p exact",
    )
    yield from _table(
        head, [(name, *_measure(measure, num_cells=len(head) - 1, num_pairs=num_pairs)) for name, measure in measures]
    )


def _measure(measure: Mapping[str, Any], *, num_cells: int, num_pairs: int) -> tuple[str, ...]:
    if not is_defined(measure):
        return (f"undefined: {why(measure)}", *("" for _ in range(num_cells - 1)))
    return (
        number(measure["mean_difference"]),
        _interval(measure["ci95_low"], measure["ci95_high"]),
        number(measure["t"], digits=2),
        p_cell(measure["p"]),
        *((p_cell(measure["p_holm"]),) if num_pairs > 1 else ()),
        p_cell(measure["p_exact"]),
    )


def _interval(low: Any, high: Any) -> str:
    return interval_text(low, high) if is_defined(low) else number(low)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(map(_text, head))} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(_text, row))} |"


def _text(value: str) -> str:
    """Plain text as Markdown that shows it: no name breaks a cell or is read as markup."""
    escaped = "".join(f"\\{character}" if character in MARKUP else character for character in value)
    return " ".join(escaped.split())
