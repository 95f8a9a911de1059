"""Say what this experiment cannot tell, reckoned from its facts."""

from collections.abc import Iterator, Sequence
from typing import Any, final

from analysis.missing_cells import describe_cells
from analysis.report.blocks import Block, Bullets, Heading
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import column_title
from analysis.report.numbers import amount, floor_text, is_defined, number, quantity, share, why
from analysis.report.section import AbstractSection
from analysis.report.sections.asked import what_seeds_change
from configs.counted import counted
from configs.repetition import NUM_PASSES_NEARLY_FREE

__all__ = ["Limits"]

SMALL_EVALUATION_TOKENS = 65_536
"""Below this many tokens the slice is called small: about a thousandth of a nat at a token SD of 2.5 needs millions."""
MIN_SEEDS_ADVISED = 8
TESTS = {
    "rm_anova": "the F",
    "mauchly": "Mauchly's test",
    "sign_flip": "the sign-flip test",
    "friedman": "Friedman's test",
    "summaries": "every summary",
    "slope_after_minimum": "the slope after the minimum",
    "area_under_curve": "the area under the curve",
    "polynomial": "the polynomial contrasts",
    "minimum_position": "the place of the minimum",
    "simultaneous": "the comparison with a reference",
    "without_first_level": "the F without the first level",
    "mixed_model": "the mixed model",
    "variability": "the variance between seeds",
    "outlying_seeds": "the search for seeds that stand out",
    "planning": "the plan for more seeds",
    "sd": "the SD of differences",
    "change_points": "the search for change points",
    "apa": "the line for a paper",
}
INITIAL_SHARE = 0.5


@final
class Limits(AbstractSection):
    """Each point follows from a number in the run directory or the table."""

    id = "limits"
    title = "What this experiment cannot tell"

    def is_there(self, facts: ReportFacts) -> bool:
        """Always."""
        return True

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """One list for the experiment, and one for each condition where there are several."""
        general = [*_missing(facts), *_run(facts)]
        if len(facts.conditions) == 1:
            return [Bullets((*general, *_condition(facts.conditions[0]), *_undefined(facts.conditions[0])))]
        blocks: list[Block] = [Bullets(tuple(general))] if general else []
        for condition in facts.conditions:
            blocks += [Heading(condition.name), Bullets((*_condition(condition), *_undefined(condition)))]
        return blocks


def _missing(facts: ReportFacts) -> Iterator[str]:
    if facts.missing:
        yield f"It is partial: {describe_cells(facts.missing)} were not measured, and how those runs went is unknown."


def _run(facts: ReportFacts) -> Iterator[str]:
    config, manifest = facts.config, facts.manifest
    if config is None or manifest is None:
        yield (
            "What the seeds changed, how often the text was repeated and how noisy one evaluation is are not in the "
            "table, so none of it can be allowed for."
        )
        return
    for name, passes in manifest["passes"].items():
        if passes > NUM_PASSES_NEARLY_FREE:
            where = f" in condition {name}" if len(manifest["passes"]) > 1 else ""
            yield (
                f"What more text would do. The runs made {passes:.3g} passes over "
                f"{amount(manifest['corpus']['unique_tokens'])} unique tokens{where}; beyond about "
                f"{NUM_PASSES_NEARLY_FREE} passes repetition costs (Muennighoff et al. 2023), so a rising validation "
                "loss may be memorisation and not an effect of the token budget."
            )
    yield from _evaluation(facts)
    yield _seeds(facts)
    if len(config.condition_names) == 1:
        yield (
            "Whether another size, corpus or recipe would behave alike: there is one condition, a model of "
            f"{amount(config.model.num_parameters)} parameters on one text."
        )


def _evaluation(facts: ReportFacts) -> Iterator[str]:
    assert facts.config is not None
    tokens = facts.config.evaluation.tokens
    errors = [
        float(condition.rows["val_loss_se"].median()) for condition in facts.conditions if condition.has("val_loss_se")
    ]
    noise = (
        f" By the choice of these tokens one loss has a standard error of {number(max(errors))} nats (median over "
        "cells, tokens taken as independent). That of a change between two of them, which the telemetry gives, is "
        "smaller, since most of it is common to losses on the same tokens."
        if errors
        else ""
    )
    if tokens < SMALL_EVALUATION_TOKENS:
        yield (
            f"How the runs do on other text. Every loss is measured on one fixed slice of {amount(tokens)} tokens, the "
            f"same for all seeds and intervals, so its quirks are shared by all.{noise}"
        )


def _seeds(facts: ReportFacts) -> str:
    assert facts.config is not None
    controls = {str(control) for control in facts.config.seed_controls}
    fixed = {"initialization", "data_order"} - controls
    if not fixed:
        return (
            f"Which source makes the seeds differ: a seed changes {what_seeds_change(facts.config)} at once. The "
            "tokenizer, the text and the evaluation slice are the same for all."
        )
    weights = "other initial weights" if facts.config.model.directory is None else "another pretrained model"
    what = "another order of the data" if "data_order" in fixed else weights
    return (
        f"How the runs would go with {what}: a seed changes {what_seeds_change(facts.config)}. What all runs share "
        "looks like an effect of the interval, and the spread between seeds understates how another draw would have "
        "gone."
    )


def _condition(condition: Condition) -> Iterator[str]:
    n = condition.num_subjects
    if n < 2:
        yield f"Anything about other seeds: {counted(n, 'seed')} used, and one seed has no spread."
    elif condition.is_only_described:
        yield (
            f"Anything beyond these {n} seeds: so few can only be described, and no p is shown. "
            f"{MIN_SEEDS_ADVISED} seeds or more, better 10, are advised."
        )
    elif n < MIN_SEEDS_ADVISED:
        flip = condition.main["sign_flip"]
        floor = f", and the exact test's p cannot fall below {floor_text(flip['p_floor'])}" if is_defined(flip) else ""
        yield (
            f"Small effects: n = {n} seeds{floor}.{_detectable(condition)} The spread between seeds is itself known "
            f"within a wide interval only; {MIN_SEEDS_ADVISED} seeds or more, better 10, are advised."
        )
    yield from _omnibus(condition)
    yield from _telemetry(condition)


def _detectable(condition: Condition) -> str:
    planning = condition.main.get("planning")
    if not is_defined(planning) or not is_defined(planning["sd"]):
        return ""
    row = planning["detectable"][0]
    return (
        f" A paired difference below {quantity(row['effect'], metric=condition.main_metric)} ({row['sd_units']:.2f} "
        f"SD) is missed more often than once in {1 / (1 - planning['power']):.0f} times."
    )


def _omnibus(condition: Condition) -> Iterator[str]:
    anova = condition.main["rm_anova"]
    means = [row["mean"] for row in condition.main["descriptive"] if is_defined(row["mean"])]
    if is_defined(anova) and len(means) > 2:
        whole, later = max(means) - min(means), max(means[1:]) - min(means[1:])
        if means[0] == max(means) and whole > 0 and later < INITIAL_SHARE * whole:
            yield (
                f"Anything from the size of F alone: the first {condition.level_noun} makes most of it (the mean spans "
                f"{whole:.3g} with it and {later:.3g} without)."
            )
    if is_defined(anova) and anova["epsilon"]["gg_ceiling"] < 1:
        yield (
            f"Whether sphericity holds: with n = {condition.num_subjects} seeds and "
            f"{condition.levels_text(condition.main['num_levels'])} epsilon is at most "
            f"{share(anova['epsilon']['gg_ceiling'])} whatever the truth is."
        )
    for warning in condition.statistics["audit"]["warnings"]:
        if "same curve again" in warning:
            yield f"More than one thing: {condition.said(warning)}."


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _telemetry(condition: Condition) -> Iterator[str]:
    telemetry = condition.statistics["telemetry"]
    if not is_defined(telemetry):
        yield f"Telemetry is undefined: {condition.said(why(telemetry))}."
        return
    published = telemetry["published"]
    for noun, verdict in (
        ("are spikes", published["spike_rule"]),
        ("is a stable phase", published["stable_phase"]["rule"]),
    ):
        if is_defined(verdict) and not verdict["can_fire"]:
            reason = condition.said(verdict["why"].rstrip("."))
            yield f"Whether there {noun} by the published rule, which cannot fire: {reason}."


def _undefined(condition: Condition) -> Iterator[str]:
    """Each test of the main metric that is undefined, with its reason, named once per reason."""
    seen: set[str] = set()
    title = column_title(condition.main_metric)
    for path, reason in _undefined_in(condition.main, path=()):
        if reason in seen or len(path) > 2:
            continue
        seen.add(reason)
        test = condition.said(TESTS.get(path[-1], path[-1].replace("_", " ")))
        yield f"{_capital(test)} of {title} is undefined: {condition.said(reason)}."


def _undefined_in(tree: Any, *, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if not isinstance(tree, dict):
        return
    if set(tree) == {"undefined"}:
        yield path, str(tree["undefined"])
        return
    for key, value in tree.items():
        yield from _undefined_in(value, path=(*path, key))


def _capital(text: str) -> str:
    return (text[:1].upper() + text[1:]).rstrip(".")
