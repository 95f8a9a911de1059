"""Show the repeated-measures analysis of every metric, with all its corrections."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, final

from analysis.report.blocks import Block, Bullets, Paragraph, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, caption
from analysis.report.numbers import bare, is_defined, number, p_cell, why
from analysis.report.section import AbstractSection

__all__ = ["Omnibus"]


@final
class Omnibus(AbstractSection):
    """One row per metric, with and without the first level."""

    id = "omnibus"
    title = "Repeated measures, every metric"

    def is_there(self, facts: ReportFacts) -> bool:
        """Always; where there is no F the reason is said."""
        return True

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """What the headline is, and for each condition a table."""
        return [
            Paragraph(
                "The declared headline is the p of Greenhouse and Geisser, whatever Mauchly's test says. Beside it "
                "stands the sign-flip test of whole seeds, which needs no sphericity; the floor is the smallest p that "
                "it can give. The uncorrected p is printed for comparison with other programs and is not valid for "
                "trajectories, and neither is Friedman's, so that only Kendall's W is given."
            ),
            *(block for condition in facts.conditions for block in _of_condition(condition, facts=facts)),
        ]


def _of_condition(condition: Condition, *, facts: ReportFacts) -> list[Block]:
    parts = list(_parts(condition))
    tested = [(name, part) for name, part in parts if is_defined(part["rm_anova"])]
    absent = [f"{name}: no F, {why(part['rm_anova'])}." for name, part in parts if not is_defined(part["rm_anova"])]
    blocks: list[Block] = []
    if tested:
        blocks += [
            _main_table(tested, condition=condition, facts=facts),
            _all_p(tested, condition=condition, facts=facts),
        ]
    return blocks + ([Bullets(tuple(absent))] if absent else [])


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _parts(condition: Condition) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each metric's analysis, and the same without the first level."""
    for metric, result in condition.statistics["metrics"].items():
        yield metric, result
        rest = result.get("without_first_level")
        if is_defined(rest):
            yield f"{metric}, without level {rest['left_out']}", rest


def _main_table(
    parts: Sequence[tuple[str, Mapping[str, Any]]], *, condition: Condition, facts: ReportFacts
) -> TableBlock:
    return TableBlock(
        name=block_name("omnibus", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text=f"one-way repeated-measures ANOVA over {condition.within}. ε GG: "
            "Greenhouse-Geisser's epsilon, with its ceiling (n − 1)/(k − 1); η²: generalised eta squared; the "
            "sign-flip p with its floor.",
        ),
        columns=("metric", "n", "F", "df", "ε GG", "ceiling", "p GG", "p sign-flip", "floor", "η²"),
        rows=tuple(_main_row(name, part) for name, part in parts),
    )


def _main_row(name: str, part: Mapping[str, Any]) -> tuple[str, ...]:
    anova, flip = part["rm_anova"], part["sign_flip"]
    return (
        name,
        str(anova["df_error"] // anova["df_effect"] + 1),
        number(anova["F"], digits=2),
        f"{anova['df_effect']}, {anova['df_error']}",
        _share(anova["epsilon"]["gg"]),
        _share(anova["epsilon"]["gg_ceiling"]),
        p_cell(anova["p"]["gg"]),
        p_cell(flip["p"]) if is_defined(flip) else "–",
        p_cell(flip["p_floor"]) if is_defined(flip) else "–",
        _share(anova["ges"]),
    )


def _all_p(parts: Sequence[tuple[str, Mapping[str, Any]]], *, condition: Condition, facts: ReportFacts) -> TableBlock:
    return TableBlock(
        name=block_name("corrections", condition=condition, facts=facts),
        caption=caption(
            condition,
            facts=facts,
            text="every correction: epsilon of Huynh-Feldt, Chi-Muller and the lower "
            "bound, the p that each gives beside the uncorrected one, and Kendall's W",
        ),
        columns=("metric", "ε HF", "ε CM", "ε LB", "p HF", "p CM", "p LB", "p uncorr.", "W"),
        rows=tuple(_p_row(name, part) for name, part in parts),
        is_folded=True,
    )


def _p_row(name: str, part: Mapping[str, Any]) -> tuple[str, ...]:
    anova, friedman = part["rm_anova"], part.get("friedman")
    return (
        name,
        *(_share(anova["epsilon"][key]) for key in ("hf", "cm", "lb")),
        *(p_cell(anova["p"][key]) for key in ("hf", "cm", "lb", "uncorrected")),
        _share(friedman["kendall_w"]) if is_defined(friedman) else "–",
    )


def _share(value: Any) -> str:
    return bare(value, digits=3) if is_defined(value) else "–"
