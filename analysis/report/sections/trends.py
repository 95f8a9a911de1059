"""Show which tokens learn, stagnate or forget."""

from collections.abc import Sequence
from functools import partial
from typing import Any, final

import pandas as pd

from analysis.excerpt import listed_words
from analysis.figures.trends import plot_class_curves, plot_class_shares
from analysis.percent import percent
from analysis.probes.probe_tables import read_probe_table
from analysis.report.blocks import Block, FigureBlock, Note, Paragraph, TableBlock
from analysis.report.facts import ReportFacts
from analysis.report.numbers import interval_text, is_defined, number, why
from analysis.report.section import AbstractSection
from analysis.report.trend_panels import draw_panels, mean_and_band, mean_and_bar, read_trends
from analysis.report.trend_percent import percent_cell, percent_interval
from analysis.trends.rules import TrendClass, TrendRule
from configs.counted import counted

__all__ = ["Trends"]

_RULE = TrendRule.PAPER_INDEX.value
_DRAWN = {trend.label: trend for trend in (TrendClass.STAGNATED, TrendClass.UPWARD, TrendClass.DOWNWARD)}


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
        for trend in _DRAWN.values()
    ]
    figure = FigureBlock(
        name="trend-shares",
        caption=(
            f"Share of {counted(summary['num_contexts'], 'token')} in three classes by the rule of Xia et al. 2023 "
            f"(slope of the perplexity over the checkpoint's index, p < .05), {_drawn_text(known)} Dotted: upward and "
            "downward tokens if trajectories were as smooth but had no direction."
        ),
        alt=_shares_alt(told),
        draw=partial(draw_panels, panels=panels, conditions=conditions),
        table=_share_block(told),
    )
    return [
        Paragraph(
            "A token's class is a label, not evidence: the p-values behind it take checkpoints for independent. What "
            "seeds share is tested with seeds as the units, in the last column of the table."
        ),
        figure,
        *_curve_blocks(facts, conditions=conditions),
        _agreement_block(summary),
    ]


def _drawn_text(known: pd.DataFrame) -> str:
    num_seeds, starts = int(known["seed"].nunique()), known["start_fraction"].unique()
    if len(starts) == 1:
        return f"from {percent(starts[0])} of training on. {mean_and_bar(num_seeds)}"
    return f"by where the trend starts. {mean_and_band(num_seeds)}"


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
    without = [condition for condition in conditions if condition not in choosers]
    return [
        FigureBlock(
            name="trend-upward-tokens",
            caption=(
                f"Mean loss of the tokens that one condition calls upward, {_followed(rising)}, over that run's loss "
                "on all tokens, which falls to the right. The initial state is left out."
                + (f" No token is upward in {listed_words(without)}." if without else "")
            ),
            alt=_curves_alt(rising, choosers=choosers),
            draw=partial(draw_panels, panels=panels, conditions=conditions),
        )
    ]


def _followed(rising: pd.DataFrame) -> str:
    if rising["is_own_run"].any():
        return "followed in the one seed of every condition, where those of the same run rise by the choice alone"
    return "followed in the next seed of every condition, mean over choosing seeds"


def _curves_alt(rising: pd.DataFrame, *, choosers: Sequence[str]) -> str:
    """Where the upward tokens of each condition begin and end in that condition itself."""
    return "Line charts. " + " ".join(_curve_ends(rising, chooser=chooser) for chooser in choosers)


def _curve_ends(rising: pd.DataFrame, *, chooser: str) -> str:
    own = rising[(rising["chosen_by"] == chooser) & (rising["condition"] == chooser)]
    mean = own.groupby("interval")[["all_tokens_loss_nats", "mean_loss_nats"]].mean()
    first, last = mean.iloc[0], mean.iloc[-1]
    return (
        f"Tokens upward in {chooser}: there their loss goes from {number(first['mean_loss_nats'])} to "
        f"{number(last['mean_loss_nats'])} nats, while that of all tokens goes from "
        f"{number(first['all_tokens_loss_nats'])} to {number(last['all_tokens_loss_nats'])}."
    )


def _share_block(told: list[dict[str, Any]]) -> TableBlock:
    rows = []
    for one in told:
        for share in one["classes"]:
            over_seeds = share["over_seeds"]
            replicated = one["replicated_over_seeds"]
            rows.append(
                (
                    one["condition"],
                    percent(one["start_fraction"]),
                    share["trend"],
                    str(over_seeds["n"]),
                    percent_cell(over_seeds["mean"]),
                    percent_interval(over_seeds["ci95_low"], over_seeds["ci95_high"]),
                    percent_cell(share["null_share"]["permuted"]),
                    percent_cell(share["null_share"]["phase-scrambled"]),
                    percent_cell(share["share_after_bh"]),
                    percent_cell(_over_seeds(replicated, trend=share["trend"])),
                )
            )
    return TableBlock(
        name="trend-classes",
        caption=(
            "Tokens in each class, %: mean over n seeds and 95 % t interval; under permuted checkpoints and under "
            "scrambled phases; after Benjamini and Hochberg's procedure over tokens at 5 %; and tokens whose slope "
            "differs from zero over seeds at the same rate."
        ),
        columns=(
            "condition",
            "start",
            "class",
            "n",
            "tokens, %",
            "95 % t",
            "permuted",
            "as smooth",
            "after BH",
            "over seeds",
        ),
        rows=tuple(rows),
        is_folded=True,
    )


def _agreement_block(summary: dict[str, Any]) -> Block:
    rows = []
    for one in summary["classes"]:
        agreement = one["agreement_between_seeds"]
        if one["rule"] == _RULE and is_defined(agreement):
            where = f"from {percent(one['start_fraction'])} of training on"
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
    if not rows:
        return Note("Agreement on classes needs two seeds or two conditions.")
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
        + ", ".join(
            f"{percent(share['over_seeds']['mean'], digits=1)} {share['trend']}"
            for share in one["classes"]
            if share["trend"] in _DRAWN
        )
        for one in told
        if one["start_fraction"] == first
    ]
    return f"Shares of tokens. From {percent(first)} of training on, {'; '.join(parts)}."
