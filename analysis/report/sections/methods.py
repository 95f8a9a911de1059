"""A methods paragraph that can be pasted into a paper."""

from collections.abc import Sequence
from pathlib import Path
from typing import final

from analysis.report.blocks import Block, Code, Paragraph
from analysis.report.facts import Condition, ReportFacts
from analysis.report.names import column_title
from analysis.report.numbers import amount, floor_text, is_defined, number, why
from analysis.report.section import AbstractSection
from analysis.report.sections.asked import what_seeds_change
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
        paragraphs = [*_training(facts), _design(facts), _inference(facts.conditions[0])]
        return [
            Paragraph("To paste and adapt; every number in it is this experiment's."),
            Code("\n\n".join(paragraphs)),
        ]


def _training(facts: ReportFacts) -> list[str]:
    config, manifest = facts.config, facts.manifest
    if config is None or manifest is None:
        return []
    model, schedule, rates = config.model, config.schedule, config.optimization
    corpus = manifest["corpus"]
    return [
        f"We trained {_model(model)} from {len(config.seeds)} seeds, each for "
        f"{amount(schedule.num_tokens)} tokens ({amount(schedule.num_steps)} steps of "
        f"{amount(schedule.tokens_per_step)} tokens), that is {schedule.num_tokens / corpus['unique_tokens']:.1f} "
        f"passes over {amount(corpus['unique_tokens'])} unique tokens of {amount(corpus['num_train_stories'])} "
        f"documents. A seed determined {what_seeds_change(config)}. AdamW (betas {rates.betas[0]:g}, "
        f"{rates.betas[1]:g}; epsilon {rates.epsilon:g}; weight decay {rates.weight_decay:g}; gradient norm clipped "
        f"at {rates.clip_norm:g}) with a peak learning rate of {rates.learning_rate:g} after "
        f"{amount(rates.warmup_tokens)} tokens of linear warm-up and a cosine decay to {rates.final_learning_rate:g} "
        f"at {amount(rates.decay_tokens)} tokens. Validation loss is the mean cross-entropy in nats per token on the "
        f"same {amount(config.evaluation.tokens)} held-out tokens at each of {schedule.num_intervals} intervals, the "
        "initial state included.",
    ]


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
    return (
        f"The design is repeated measures: seeds are the subjects (n = {first.num_subjects}), at "
        f"{first.main['num_levels']} levels of {first.within}{several}. Means over seeds are given with 95 % t "
        "intervals, standard deviations (n − 1) with 95 % chi-squared intervals."
    )


def _inference(condition: Condition) -> str:
    anova, flip = condition.main["rm_anova"], condition.main["sign_flip"]
    title = column_title(condition.main_metric)
    if not is_defined(anova):
        return f"No F was computed on {title}: {why(anova)}."
    mauchly = anova["mauchly"]
    sphericity = (
        "Mauchly's test is reported and gates nothing"
        if is_defined(mauchly)
        else f"Mauchly's test is undefined ({why(mauchly).partition(':')[0]}) and gates nothing"
    )
    floor = f" (its floor for n = {condition.num_subjects}: {floor_text(flip['p_floor'])})" if is_defined(flip) else ""
    return (
        f"The effect of {condition.within} on {title} was tested by a one-way repeated-measures ANOVA with "
        f"Greenhouse-Geisser correction as the declared headline whatever Mauchly says; {sphericity}. The "
        f"Greenhouse-Geisser epsilon is {number(anova['epsilon']['gg'], digits=3)} (ceiling "
        f"{number(anova['epsilon']['gg_ceiling'], digits=3)}). Beside it stands the sign-flip test on whole "
        f"seeds{floor}, which needs neither normality nor sphericity, but symmetry and independent seeds. "
        f"{condition.main['apa'] if isinstance(condition.main['apa'], str) else ''}. Analyses were made with Seedscope."
    )
