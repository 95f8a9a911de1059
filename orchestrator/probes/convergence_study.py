"""Ask whether seeds come to predict the same, on which tokens, and in which phases of training."""

from collections.abc import Sequence
from typing import final

import numpy as np

from analysis.json_text import statistics_to_json
from analysis.probes.convergence_estimates import DivergenceGroup, StoryResamples, convergence_estimates
from analysis.probes.convergence_sentences import convergence_sentences
from analysis.probes.convergence_summary import ConditionConvergence, convergence_summary, summarize_condition
from analysis.probes.convergence_tables import Row, convergence_rows, convergence_table, pairs_table, spread_table
from analysis.probes.probe_tables import write_probe_table
from analysis.probes.token_classes import (
    TokenClass,
    every_context,
    frequency_classes,
    part_of_speech_classes,
    surprisal_classes,
)
from configs.durable import write_bytes_durably
from configs.errors import ConfigurationError
from configs.probe_paths import ProbePaths
from orchestrator.probes.request import provenance_of
from orchestrator.probes.study import (
    AbstractStudy,
    Conclusion,
    measured_groups,
    measurement_tasks,
    require_measured,
    shortage_note,
)
from orchestrator.probes.task import ProbeTask
from workers.probes.array_files import read_arrays
from workers.probes.checkpoints import CheckpointGroup
from workers.probes.measure import DIVERGENCE, SCORES
from workers.probes.parts_of_speech import PartsOfSpeech, tag_stream
from workers.probes.source import ProbeSource

__all__ = ["ConvergenceStudy"]

_NUM_RESAMPLES = 1_000
_RESAMPLING_SEED = 0


@final
class ConvergenceStudy(AbstractStudy):
    """Needs at least two seeds; the frequency of tokens and parts of speech where they can be had."""

    @property
    def uses_stored(self) -> bool:
        """See the base class. Whole distributions are not stored."""
        return False

    def notes(self, source: ProbeSource) -> tuple[str, ...]:
        """See the base class."""
        return (*source.notes, *shortage_note(source))

    def require(self, source: ProbeSource) -> None:
        """See the base class."""
        if all(len(group.members) < 2 for group in source.groups):
            seeds = {seed for group in source.groups for seed in group.seeds}
            named = ", ".join(map(str, sorted(seeds)))
            raise ConfigurationError(
                f"convergence compares seeds, and no interval has two of them (seeds found: {named}); give more seeds"
            )

    def tasks(self, source: ProbeSource, *, paths: ProbePaths) -> tuple[ProbeTask, ...]:
        """See the base class. Scores come from the same forward passes, and tell the final surprisal."""
        return measurement_tasks(source, paths=paths, measurements=(SCORES, DIVERGENCE))

    def conclude(self, source: ProbeSource, *, paths: ProbePaths) -> Conclusion:
        """See the base class."""
        parts_of_speech = tag_stream(source)
        rng = np.random.default_rng(_RESAMPLING_SEED)
        resamples = StoryResamples(source.tokens.stories, num_resamples=_NUM_RESAMPLES, rng=rng)
        measured = measured_groups(source, paths=paths, measurement=DIVERGENCE)
        require_measured(measured, paths=paths)
        rows: list[Row] = []
        groups: list[DivergenceGroup] = []
        left_out: list[str] = []
        conditions: list[ConditionConvergence] = []
        for condition in dict.fromkeys(group.condition for group in measured):
            of_condition = _comparable([group for group in measured if group.condition == condition])
            left_out += [str(group) for group in measured if group.condition == condition and group not in of_condition]
            found = [_read(group, paths=paths) for group in of_condition]
            classes = _classes(source, last=of_condition[-1], paths=paths, parts_of_speech=parts_of_speech)
            estimates = [convergence_estimates(group, classes=classes, resamples=resamples) for group in found]
            for group, of_classes in zip(found, estimates, strict=True):
                rows += convergence_rows(group, classes=classes, estimates=of_classes)
            groups += found
            conditions.append(
                summarize_condition(
                    found,
                    estimates=[of_classes[0] for of_classes in estimates],
                    resamples=resamples,
                    num_types=source.num_types,
                )
            )
        provenance = provenance_of(source)
        write_probe_table(convergence_table(rows), path=paths.table("convergence"), provenance=provenance)
        write_probe_table(pairs_table(groups), path=paths.table("convergence_pairs"), provenance=provenance)
        write_probe_table(spread_table(groups), path=paths.table("convergence_spread"), provenance=provenance)
        summary = convergence_summary(conditions)
        write_bytes_durably(paths.summary("convergence"), statistics_to_json(summary).encode())
        files = tuple(paths.table(name) for name in ("convergence", "convergence_pairs", "convergence_spread"))
        return Conclusion(
            (
                *convergence_sentences(conditions, seed_controls=source.seed_controls),
                *parts_of_speech.notes,
                *_left_out_note(left_out),
            ),
            (*files, paths.summary("convergence")),
        )


def _comparable(groups: Sequence[CheckpointGroup]) -> list[CheckpointGroup]:
    """The groups of one condition with the seeds of the most complete ones: other seeds are another quantity."""
    most = max(len(group.members) for group in groups)
    seeds = next(group.seeds for group in groups if len(group.members) == most)
    return [group for group in groups if group.seeds == seeds]


def _left_out_note(left_out: Sequence[str]) -> tuple[str, ...]:
    if not left_out:
        return ()
    shown = "; ".join(left_out[:3]) + ("; ..." if len(left_out) > 3 else "")
    return (f"Left out, because they lack seeds that other intervals have: {shown}.",)


def _classes(
    source: ProbeSource, *, last: CheckpointGroup, paths: ProbePaths, parts_of_speech: PartsOfSpeech
) -> list[TokenClass]:
    """All contexts first, then every class that can be had."""
    classes = [every_context(source.tokens.num_contexts)]
    if source.unigram_counts is not None:
        classes += frequency_classes(source.tokens.targets, counts=source.unigram_counts)
    if parts_of_speech.tags is not None:
        classes += part_of_speech_classes(parts_of_speech.tags[1:], system="pos_next")
        classes += part_of_speech_classes(parts_of_speech.tags[:-1], system="pos_previous")
    scores = read_arrays(paths.arrays(SCORES, condition=last.condition, interval=last.interval))
    return classes + surprisal_classes(scores["loss_nats"].mean(0))


def _read(group: CheckpointGroup, *, paths: ProbePaths) -> DivergenceGroup:
    return DivergenceGroup(
        condition=group.condition,
        interval=group.interval,
        step=group.step,
        tokens=group.tokens,
        arrays=read_arrays(paths.arrays(DIVERGENCE, condition=group.condition, interval=group.interval)),
    )
