"""Say which seeds and levels the statistics use, which they leave out, and what to be wary of."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from analysis.grid import Grid
from analysis.missing_cells import describe_cells
from analysis.report.blocks import Block, Bullets, Note, Paragraph, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, caption, sentence
from analysis.report.numbers import is_defined
from analysis.report.section import AbstractSection
from configs.counted import counted

__all__ = ["Audit"]

MAX_DROPPED = 60


@final
class Audit(AbstractSection):
    """What came in, what was used, why the rest was not."""

    id = "audit"
    title = "Audit"

    def is_there(self, facts: ReportFacts) -> bool:
        """Always."""
        return True

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """Missing cells, and for each condition what was used and dropped, with the warnings."""
        missing = [Note(f"Missing: {describe_cells(facts.missing)}.")] if facts.missing else []
        return [
            *_source(facts),
            *missing,
            *(block for condition in facts.conditions for block in _of_condition(condition, facts=facts)),
        ]


def _source(facts: ReportFacts) -> list[Block]:
    """Where the values of a table came from."""
    source = facts.statistics["audit"].get("input")
    if source is None:
        return []
    files = source["files"]
    what = f"{len(files)} files" if len(files) > 1 else files[0]
    read = (
        f"Read from {what} ({source['format']}), {source['num_rows']:,} rows; {source['seeds_from']}; "
        f"{source['levels_from']}; {source['metrics_from']}."
    )
    return [Paragraph(read), *([Bullets(tuple(sentence(note) for note in source["notes"]))] if source["notes"] else [])]


def _of_condition(condition: Condition, *, facts: ReportFacts) -> list[Block]:
    audit = condition.statistics["audit"]
    blocks: list[Block] = [_used(condition, facts=facts)]
    if audit["dropped"]:
        blocks.append(_dropped(condition, facts=facts))
    else:
        text = f"no seed and no {condition.level_noun} was left out"
        blocks.append(Paragraph(caption(condition, facts=facts, text=text)))
    if audit["warnings"]:
        blocks.append(Bullets(tuple(sentence(condition.said(warning)) for warning in audit["warnings"])))
    return blocks


def _used(condition: Condition, *, facts: ReportFacts) -> TableBlock:
    num_in = condition.grid(condition.main_metric)
    return TableBlock(
        name=block_name("audit", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text="the source has "
            f"{counted(num_in.num_subjects, 'seed')} and "
            f"{condition.levels_text(num_in.num_levels)}; what each metric's statistics use, the degrees of "
            "freedom that the source promised, (k − 1) and (k − 1)(n − 1), and those of the F.",
        ),
        columns=(
            "metric",
            "seeds used (n)",
            f"{condition.level_noun}s used (k)",
            "df promised",
            "df of the F",
        ),
        rows=tuple(
            _row(metric, result, grid=condition.grid(metric))
            for metric, result in condition.statistics["metrics"].items()
        ),
    )


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _row(metric: str, result: Mapping[str, Any], *, grid: Grid) -> tuple[str, ...]:
    n, k = result["num_subjects"], result["num_levels"]
    anova = result["rm_anova"]
    expected = f"{grid.num_levels - 1}, {(grid.num_levels - 1) * (grid.num_subjects - 1)}"
    actual = f"{anova['df_effect']}, {anova['df_error']}" if is_defined(anova) else "no F"
    return (metric, f"{n:,}", f"{k:,}", expected, actual)


def _dropped(condition: Condition, *, facts: ReportFacts) -> TableBlock:
    dropped = condition.statistics["audit"]["dropped"]
    return TableBlock(
        name=block_name("dropped", condition=condition, facts=facts),
        caption=caption(condition, facts=facts, text="left out of the statistics, and why"),
        columns=("metric", "what", "which", "why"),
        rows=tuple(
            (item["metric"], condition.said(item["what"]), item["id"], condition.said(item["why"])) for item in dropped
        ),
    )
