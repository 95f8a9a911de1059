"""A methods paragraph that can be pasted into a paper."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, final

from analysis.excerpt import listed_words
from analysis.report.blocks import Block, Code, Paragraph
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import column_title, of_condition
from analysis.report.numbers import amount, floor_text, is_defined, share, why
from analysis.report.section import AbstractSection
from analysis.report.sections.asked import what_seeds_change
from configs.counted import counted
from configs.experiment import ExperimentConfig
from configs.model import ModelConfig

__all__ = ["Methods"]


@final
class Methods(AbstractSection):
    """What was done, in the past tense, with its numbers."""

    id = "methods"
    title = "Methods text"

    def is_there(self, facts: ReportFacts) -> bool:
        """Always."""
        return True

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """One text to paste."""
        paragraphs = [*_training(facts), _design(facts), *(_inference(one, facts=facts) for one in facts.conditions)]
        return [
            Paragraph("To paste and adapt; every number in it is this experiment's."),
            Code("\n\n".join([*paragraphs, "Analyses were made with Seedscope."])),
        ]


def _training(facts: ReportFacts) -> list[str]:
    config, manifest = facts.config, facts.manifest
    if config is None or manifest is None:
        return []
    model, schedule, rates = config.model, config.schedule, config.optimization
    corpus = manifest["corpus"]
    trained = "We trained" if not facts.missing else "We set out to train"
    seeds = f"{counted(len(config.seeds), 'seed')}, {'each ' if len(config.seeds) > 1 else ''}for"
    passes = schedule.num_tokens / corpus["unique_tokens"]
    return [
        f"{trained} {_model(model)} from {seeds} {amount(schedule.num_tokens)} tokens ({amount(schedule.num_steps)} "
        f"steps of {amount(schedule.tokens_per_step)} tokens), that is {passes:.1f} "
        f"passes over {amount(corpus['unique_tokens'])} unique tokens of {amount(corpus['num_train_stories'])} "
        f"documents. A seed determined {what_seeds_change(config)}. AdamW (betas {rates.betas[0]:g}, "
        f"{rates.betas[1]:g}; epsilon {rates.epsilon:g}; weight decay {rates.weight_decay:g}; gradient norm clipped "
        f"at {rates.clip_norm:g}) with a peak learning rate of {rates.learning_rate:g} after "
        f"{amount(rates.warmup_tokens)} tokens of linear warm-up and a cosine decay to {rates.final_learning_rate:g} "
        f"at {amount(rates.decay_tokens)} tokens. Validation loss is the mean cross-entropy in nats per token on the "
        f"same {amount(config.evaluation.tokens)} held-out tokens at each of {schedule.num_intervals} intervals, the "
        f"initial state included.{_overrides(config)}",
    ]


def _overrides(config: ExperimentConfig) -> str:
    """What each condition changes of the recipe, where there are several."""
    parts = [
        f"{name}: {', '.join(f'{field} = {value}' for field, value in overrides.items()) or 'as described'}"
        for name, overrides in config.conditions.items()
    ]
    return f" Conditions change this recipe, and what follows from it: {'; '.join(parts)}." if parts else ""


def _model(model: ModelConfig) -> str:
    heads = f"{model.num_heads} heads"
    if model.num_key_value_heads != model.num_heads:
        heads += f" that share {model.num_key_value_heads} of keys and values"
    shape = (
        f"a decoder-only transformer (Llama architecture; {amount(model.num_parameters)} parameters, "
        f"{model.num_layers} layers, width {model.width}, {heads}, context {model.context_length}, "
        f"vocabulary {amount(model.vocab_size)})"
    )
    if model.directory is None:
        return shape
    return f"{shape} further, beginning with the weights of {Path(model.directory).name} and with its tokenizer,"


def _design(facts: ReportFacts) -> str:
    first = facts.conditions[0]
    several = (
        f" in each of {len(facts.conditions)} conditions ({', '.join(one.name for one in facts.conditions)})"
        if len(facts.conditions) > 1
        else ""
    )
    column = "" if first.subject == "seed" else f" ({first.subject})"
    design = (
        f"The design is repeated measures: seeds{column} are the subjects ({_counts(facts)}), at "
        f"{first.levels_named(first.main['num_levels'])}{several}."
    )
    return " ".join([design, *_left_out(facts), _intervals(facts)])


def _counts(facts: ReportFacts) -> str:
    """The n of each condition; one number where all have the same."""
    counts = {condition.name: condition.num_subjects for condition in facts.conditions}
    if len(set(counts.values())) == 1:
        return f"n = {facts.conditions[0].num_subjects}"
    return "; ".join(f"{name}: n = {number_of}" for name, number_of in counts.items())


def _left_out(facts: ReportFacts) -> list[str]:
    """One sentence per condition from which a seed or level was dropped, with the reasons."""
    return [sentence for condition in facts.conditions for sentence in _dropped(condition, facts=facts)]


def _dropped(condition: Condition, *, facts: ReportFacts) -> Iterator[str]:
    by_reason: dict[tuple[str, str], list[str]] = {}
    for item in condition.statistics["audit"]["dropped"]:
        if item["metric"] == condition.main_metric:
            by_reason.setdefault((item["what"], item["why"]), []).append(str(item["id"]))
    for (what, reason), names in by_reason.items():
        noun = what if what == "seed" else condition.level_noun
        whose, were = (noun, "was") if len(names) == 1 else (f"{noun}s", "were")
        of = f" of condition {condition.name}" if len(facts.conditions) > 1 else ""
        yield f"{whose.capitalize()} {listed_words(names)}{of} {were} left out: {condition.said(reason)}."


def _intervals(facts: ReportFacts) -> str:
    if max(condition.num_subjects for condition in facts.conditions) < 2:
        return "With one seed there is no spread and no confidence interval; values are as they are."
    return (
        "Means over seeds are given with 95 % t intervals, standard deviations (n − 1) with 95 % chi-squared intervals."
    )


def _inference(condition: Condition, *, facts: ReportFacts) -> str:
    anova = condition.main["rm_anova"]
    title = column_title(condition.main_metric)
    whose = of_condition(condition, facts=facts)
    if not is_defined(anova):
        return f"{whose}No F was computed on {title}: {condition.said(why(anova))}."
    if condition.is_only_described:
        seeds = counted(condition.num_subjects, "seed")
        return f"{whose}{seeds} can only be described, so that no test is reported."
    return (
        f"{whose}The effect of {condition.within} on {title} was tested by a one-way repeated-measures ANOVA with "
        f"Greenhouse-Geisser correction as the declared headline whatever Mauchly says; {_sphericity(anova)}. The "
        f"Greenhouse-Geisser epsilon is {share(anova['epsilon']['gg'])} (ceiling "
        f"{share(anova['epsilon']['gg_ceiling'])}). Beside it stands the sign-flip test on whole "
        f"seeds{_floor(condition)}, which needs neither normality nor sphericity, but symmetry and "
        f"independent seeds. {condition.main['apa']}."
    )


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _sphericity(anova: Mapping[str, Any]) -> str:
    mauchly = anova["mauchly"]
    if is_defined(mauchly):
        return "Mauchly's test is reported and gates nothing"
    return f"Mauchly's test is undefined ({why(mauchly).partition(':')[0]}) and gates nothing"


def _floor(condition: Condition) -> str:
    flip = condition.main["sign_flip"]
    if not is_defined(flip):
        return ""
    return f" (its floor for n = {condition.num_subjects}: {floor_text(flip['p_floor'])})"
