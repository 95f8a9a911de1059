"""Show the repeated-measures analysis of every metric, with all its corrections."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, final

from analysis.few_seeds import is_only_described, why_no_p
from analysis.report.blocks import Block, Bullets, Paragraph, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import block_name, caption
from analysis.report.numbers import floor_text, is_defined, number, p_cell, share, why
from analysis.report.section import AbstractSection

__all__ = ["Omnibus"]

WITHOUT = ", without "
HEADLINE = (
    "The declared headline is the p of Greenhouse and Geisser, whatever Mauchly's test says. Beside it stands the "
    "sign-flip test of whole seeds, which needs no sphericity; the floor is the smallest p that it can give. The "
    "uncorrected p is printed for comparison with other programs and is not valid for trajectories, and neither is "
    "Friedman's, so that only Kendall's W is given."
)


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
        blocks = [block for condition in facts.conditions for block in _of_condition(condition, facts=facts)]
        is_tested = any(isinstance(block, TableBlock) for block in blocks)
        return [Paragraph(HEADLINE), *blocks] if is_tested else blocks


def _of_condition(condition: Condition, *, facts: ReportFacts) -> list[Block]:
    parts = list(_parts(condition))
    reasons = [_why_absent(part, condition=condition) for _, part in parts]
    tested = [named for named, reason in zip(parts, reasons, strict=True) if not reason]
    names: dict[str, list[str]] = {}
    for (name, _), reason in zip(parts, reasons, strict=True):
        names.setdefault(reason, []).append(name)
    absent = [f"{_metrics(those)}: {reason}." for reason, those in names.items() if reason]
    blocks: list[Block] = []
    if tested:
        blocks += [
            _main_table(tested, condition=condition, facts=facts),
            _all_p(tested, condition=condition, facts=facts),
        ]
    return blocks + ([Bullets(tuple(absent))] if absent else [])


def _metrics(names: Sequence[str]) -> str:
    """The names, less those of a metric without its first level where the whole metric is among them."""
    parts = ((name, *name.partition(WITHOUT)) for name in names)
    return "; ".join(name for name, metric, without, _ in parts if not without or metric not in names)


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _why_absent(part: Mapping[str, Any], *, condition: Condition) -> str:
    """Why there is no F, or no p that is shown; empty where there is one."""
    anova = part["rm_anova"]
    if not is_defined(anova):
        return f"no F, {condition.said(why(anova))}"
    return why_no_p(_num_seeds(anova)) if is_only_described(_num_seeds(anova)) else ""


def _num_seeds(anova: Mapping[str, Any]) -> int:
    return int(anova["df_error"] // anova["df_effect"] + 1)


def _parts(condition: Condition) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each metric's analysis, and the same without the first level."""
    for metric, result in condition.statistics["metrics"].items():
        yield metric, result
        rest = result.get("without_first_level")
        if is_defined(rest):
            yield f"{metric}{WITHOUT}{condition.at(rest['left_out'])}", rest


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
        str(_num_seeds(anova)),
        number(anova["F"], digits=2),
        f"{anova['df_effect']}, {anova['df_error']}",
        share(anova["epsilon"]["gg"]),
        share(anova["epsilon"]["gg_ceiling"]),
        p_cell(anova["p"]["gg"]),
        p_cell(flip["p"]) if is_defined(flip) else "–",
        floor_text(flip["p_floor"]) if is_defined(flip) else "–",
        share(anova["ges"]),
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
        *(share(anova["epsilon"][key]) for key in ("hf", "cm", "lb")),
        *(p_cell(anova["p"][key]) for key in ("hf", "cm", "lb", "uncorrected")),
        share(friedman["kendall_w"]) if is_defined(friedman) else "–",
    )
