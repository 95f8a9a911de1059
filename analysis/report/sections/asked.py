"""Say what was asked and what was run."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from analysis.report.blocks import Block, Note, Paragraph, TableBlock
from analysis.report.facts import Condition, ReportFacts
from analysis.report.numbers import amount
from analysis.report.section import AbstractSection
from configs.counted import counted
from configs.experiment import ExperimentConfig

__all__ = ["Asked", "what_seeds_change"]

WHAT_SEEDS_CHANGE = {
    ("initialization",): "the initial weights alone; the order of the data is the same for all",
    ("data_order",): "the order of the data alone; the initial weights are the same for all",
    ("initialization", "data_order"): "the initial weights and the order of the data",
}


@final
class Asked(AbstractSection):
    """Seeds, intervals, tokens, passes; of a table its design."""

    id = "asked"
    title = "What was asked and run"

    def is_there(self, facts: ReportFacts) -> bool:
        """Always."""
        return True

    def blocks(self, facts: ReportFacts) -> Sequence[Block]:
        """A paragraph, and for a run directory a table by condition."""
        if facts.config is None or facts.manifest is None:
            return [_design(facts), _left_out()]
        return [
            _question(facts.config, facts=facts, manifest=facts.manifest),
            _conditions(facts.config, manifest=facts.manifest, facts=facts),
        ]


def what_seeds_change(config: ExperimentConfig) -> str:
    """What differs between two seeds, in words."""
    controls = tuple(sorted((str(control) for control in config.seed_controls), reverse=True))
    return WHAT_SEEDS_CHANGE[controls]


def _design(facts: ReportFacts) -> Paragraph:
    conditions = facts.conditions
    first = conditions[0]
    design = (
        f"A table of {counted(first.num_subjects, 'seed')}{_column(first)} by "
        f"{first.levels_named(int(first.main['num_levels']))} was analysed as repeated measures"
    )
    several = f", in each of {len(conditions)} conditions" if len(conditions) > 1 else ""
    metrics = ", ".join(first.statistics["metrics"])
    return Paragraph(f"{design}{several}. Metrics: {metrics}. The counts are those used, after the audit.")


def _column(condition: Condition) -> str:
    """The seeds' column in brackets, where it has another name."""
    return "" if condition.subject == "seed" else f" ({condition.subject})"


def _left_out() -> Note:
    return Note(
        "The source is a table, not a run directory. What only a run directory knows is left out: model, corpus, "
        "passes over the text, what the seeds changed, evaluation noise, versions and fingerprints."
    )


# Any: the manifest is JSON.
def _question(config: ExperimentConfig, *, facts: ReportFacts, manifest: Mapping[str, Any]) -> Paragraph:
    num_seeds, num_runs = len(config.seeds), len(config.seeds) * len(config.condition_names)
    corpus = manifest["corpus"]
    was_run = "was planned, and not all of it run," if facts.missing else "was run"
    runs = f"It {was_run} from {counted(num_seeds, 'seed')}"
    if len(config.condition_names) > 1:
        runs += f" under each of {len(config.condition_names)} conditions, {num_runs} runs in all"
    return Paragraph(
        f"Does this training run behave the same from another seed? {runs}. A seed changes "
        f"{what_seeds_change(config)}. All runs train on the same {amount(corpus['unique_tokens'])} tokens of "
        f"{counted(corpus['num_train_stories'], 'document')}, and every interval is measured on the same slice of "
        f"{amount(config.evaluation.tokens)} held-out tokens."
    )


def _conditions(config: ExperimentConfig, *, manifest: Mapping[str, Any], facts: ReportFacts) -> TableBlock:
    unique = manifest["corpus"]["unique_tokens"]
    rows = []
    for condition in facts.conditions:
        resolved = config.for_condition(condition.name)
        schedule = resolved.schedule
        rows.append(
            (
                condition.name,
                amount(resolved.model.num_parameters),
                str(len(config.seeds)),
                str(schedule.num_intervals),
                amount(schedule.num_steps),
                amount(schedule.num_tokens),
                f"{schedule.num_tokens / unique:.1f}",
            )
        )
    return TableBlock(
        name="design",
        caption="What each condition is. Passes: training tokens over unique training tokens.",
        columns=("condition", "parameters", "seeds", "intervals", "steps per run", "tokens per run", "passes"),
        rows=tuple(rows),
    )
