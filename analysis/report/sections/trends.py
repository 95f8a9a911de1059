"""Show which tokens learn, stagnate or forget."""

from collections.abc import Sequence
from functools import partial
from typing import Any, final

from analysis.figures.trends import plot_class_curves, plot_class_shares
from analysis.probes.probe_tables import read_probe_table
from analysis.report.blocks import Block, FigureBlock, Note, Paragraph, TableBlock
from analysis.report.facts import ReportFacts
from analysis.report.numbers import interval_text, is_defined, number, why
from analysis.report.section import AbstractSection
from analysis.report.trend_panels import draw_panels, read_trends
from analysis.trends.rules import TrendClass, TrendRule

__all__ = ["Trends"]

_RULE = TrendRule.PAPER_INDEX.value


@final
class Trends(AbstractSection):
    """What `seedscope probe trends` found; there once it has been run."""

    id = "trends"
    title = "Tokens that learn, stagnate or forget"

    def is_there(self, facts: ReportFacts) -> bool:
        """Whether trends have been probed."""
        return facts.paths.probes.summary("trends").is_file()

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """Classes of tokens, what becomes of the upward ones, and who agrees on them."""
        summary = read_trends(facts)
        conditions = list(summary["sizes"])
        return _token_blocks(facts, summary=summary, conditions=conditions)


def _token_blocks(facts: ReportFacts, *, summary: dict[str, Any], conditions: list[str]) -> list[Block]:
    shares = read_probe_table(facts.paths.probes.table("trends"))
    shares = shares[shares["rule"] == _RULE]
    told = [one for one in summary["classes"] if one["rule"] == _RULE and is_defined(one["classes"])]
    if not told:
        first = next(one for one in summary["classes"] if one["rule"] == _RULE)
        return [Note(f"No class can be told: {why(first['classes'])}.")]
    chance = {
        trend.label: {
            condition: [_class(one, trend=trend)["null_share"]["phase-scrambled"] for one in of_condition]
            for condition in conditions
            if (of_condition := [one for one in told if one["condition"] == condition])
        }
        for trend in (TrendClass.UPWARD, TrendClass.DOWNWARD)
    }
    known = shares[shares["share"].notna()]
    panels = [
        (
            trend.label,
            partial(
                plot_class_shares,
                shares=known[known["class"] == trend.label],
                conditions=conditions,
                chance=chance.get(trend.label, {}),
            ),
        )
        for trend in (TrendClass.STAGNATED, TrendClass.UPWARD, TrendClass.DOWNWARD)
    ]
    figure = FigureBlock(
        name="trend-shares",
        caption=(
            f"Share of {summary['num_contexts']:,} tokens in each class by the rule of Xia et al. 2023 (slope of the "
            "perplexity over the checkpoint's index, p < .05), by where the trend starts. Line: mean over seeds; band: "
            "95 % t interval over seeds. Dotted: the share if trajectories were as smooth but had no direction."
        ),
        alt=_shares_alt(told),
        draw=partial(draw_panels, panels=panels, conditions=conditions),
        table=_share_block(told),
    )
    return [
        Paragraph(
            "A token's class is a label, not evidence: the p-values behind it take checkpoints for independent. What "
            "seeds share is tested with seeds as the units, in the last columns of the table."
        ),
        figure,
        *_curve_blocks(facts, conditions=conditions),
        _agreement_block(summary),
    ]


def _curve_blocks(facts: ReportFacts, *, conditions: list[str]) -> list[Block]:
    path = facts.paths.probes.table("trend_curves")
    if not path.is_file():
        return []
    curves = read_probe_table(path)
    rising = curves[(curves["class"] == TrendClass.UPWARD.label) & (curves["step"] > 0)]
    choosers = [
        condition for condition in conditions if rising[rising["chosen_by"] == condition]["mean_loss_nats"].any()
    ]
    if not choosers:
        return []
    panels = [
        (
            f"upward in {chooser}",
            partial(plot_class_curves, curves=rising[rising["chosen_by"] == chooser], conditions=conditions),
        )
        for chooser in choosers
    ]
    own = " With a single seed they are followed in the run that chose them." if rising["is_own_run"].any() else ""
    return [
        FigureBlock(
            name="trend-upward-tokens",
            caption=(
                "Mean loss of the tokens that one condition's seeds call upward, followed in the next seed of every "
                "condition, over that run's loss on all tokens, which falls to the right. Mean over choosing seeds; "
                f"the initial state is left out.{own}"
            ),
            alt="Line charts: loss of upward tokens against the loss of all tokens, one line for each condition.",
            draw=partial(draw_panels, panels=panels, conditions=conditions),
        )
    ]


def _share_block(told: list[dict[str, Any]]) -> TableBlock:
    rows = []
    for one in told:
        for share in one["classes"]:
            over_seeds = share["over_seeds"]
            replicated = one["replicated_over_seeds"]
            rows.append(
                (
                    one["condition"],
                    f"{one['start_fraction']:.0%}",
                    share["trend"],
                    str(over_seeds["n"]),
                    number(over_seeds["mean"]),
                    interval_text(over_seeds["ci95_low"], over_seeds["ci95_high"]),
                    number(share["null_share"]["permuted"]),
                    number(share["null_share"]["phase-scrambled"]),
                    number(share["share_after_bh"]),
                    number(_over_seeds(replicated, trend=share["trend"])),
                )
            )
    return TableBlock(
        name="trend-classes",
        caption=(
            "Shares of tokens by class: mean over n seeds and 95 % t interval; under permuted checkpoints and under "
            "scrambled phases; after Benjamini and Hochberg's procedure over tokens at 5 %; and tokens whose slope "
            "differs from zero over seeds at the same rate."
        ),
        columns=(
            "condition",
            "start",
            "class",
            "n",
            "share",
            "95 % t",
            "permuted",
            "as smooth",
            "after BH",
            "over seeds",
        ),
        rows=tuple(rows),
        is_folded=True,
    )


def _agreement_block(summary: dict[str, Any]) -> TableBlock:
    rows = []
    for one in summary["classes"]:
        agreement = one["agreement_between_seeds"]
        if one["rule"] == _RULE and is_defined(agreement):
            where = f"{one['start_fraction']:.0%} of training"
            rows.append((one["condition"], "its seeds", where, *_kappa_cells(agreement)))
    for one in summary["between_conditions"]["at_equal_loss"]:
        if one["rule"] != _RULE:
            continue
        agreement = one["agreement"]
        if not is_defined(agreement):
            rows.append((one["a"], one["b"], f"at equal loss: {why(agreement)}", "–", "–"))
            continue
        same = agreement["same_seed"]
        interval = interval_text(same["ci95_low"], same["ci95_high"], digits=2) if is_defined(same) else why(same)
        rows.append((one["a"], one["b"], "at equal loss", number(agreement["all_pairs"], digits=2), interval))
    return TableBlock(
        name="trend-agreement",
        caption=(
            "Agreement on the class of the same token: 0 is chance, 1 is complete. Fleiss' kappa between the seeds of "
            "a condition with its jackknife interval; Cohen's kappa between conditions over all pairs of seeds, with "
            "the 95 % t interval of pairs of the same seed."
        ),
        columns=("condition", "and", "where", "kappa", "95 % interval"),
        rows=tuple(rows),
        is_folded=True,
    )


def _kappa_cells(agreement: dict[str, Any]) -> tuple[str, str]:
    interval = interval_text(agreement["kappa_low"], agreement["kappa_high"], digits=2)
    return number(agreement["fleiss_kappa"], digits=2), interval


def _class(one: dict[str, Any], *, trend: TrendClass) -> dict[str, Any]:
    found: dict[str, Any] = next(share for share in one["classes"] if share["trend"] == trend.label)
    return found


def _over_seeds(replicated: Any, *, trend: str) -> Any:
    if not is_defined(replicated):
        return replicated
    return {"upward": replicated["share_rising"], "downward": replicated["share_falling"]}.get(
        trend, {"undefined": "the class is not tested"}
    )


def _shares_alt(told: list[dict[str, Any]]) -> str:
    first = told[0]["start_fraction"]
    parts = [
        f"{one['condition']}: "
        + ", ".join(f"{number(share['over_seeds']['mean'], digits=3)} {share['trend']}" for share in one["classes"])
        for one in told
        if one["start_fraction"] == first
    ]
    return f"Line charts of shares. From {first:.0%} of training on, {'; '.join(parts)}."
