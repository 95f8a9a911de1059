"""The forward passes of `seedscope probe trends` beyond the scores of tokens: written texts, noise and choices."""

from dataclasses import dataclass

from configs.probe_paths import ProbePaths
from orchestrator.probes.task import Output, ProbeTask
from workers.probes.checkpoints import Checkpoint, CheckpointGroup
from workers.probes.choice_items import EncodedOptions
from workers.probes.choice_scoring import ChoiceTask, choice_fingerprint, score_choices
from workers.probes.parameter_count import count_parameters
from workers.probes.source import ProbeSource
from workers.probes.text_decoding import DecodeTask, decode_texts, decoding_fingerprint
from workers.probes.text_scoring import TextTask, score_texts, scoring_fingerprint

__all__ = ["Writers", "choice_outputs", "choice_tasks", "find_writers", "text_outputs", "text_tasks"]

_TEXTS = "texts"
_CHOICES = "choices"


@dataclass(frozen=True, slots=True)
class Writers:
    """The final models of one seed whose predictions are mixed."""

    seed: int
    small: Checkpoint
    large: Checkpoint
    small_condition: str
    large_condition: str


def find_writers(source: ProbeSource) -> Writers | None:
    """The smallest and the largest model, at the last interval of the first seed that both have; None for one size."""
    last = {condition: source.groups_of(condition)[-1] for condition in source.conditions}
    sizes = {condition: count_parameters(group.members[0]) for condition, group in last.items()}
    small, large = min(sizes, key=lambda name: sizes[name]), max(sizes, key=lambda name: sizes[name])
    shared = [seed for seed in last[small].seeds if seed in last[large].seeds]
    if sizes[small] == sizes[large] or not shared:
        return None
    return Writers(
        seed=shared[0],
        small=_member(last[small], seed=shared[0]),
        large=_member(last[large], seed=shared[0]),
        small_condition=small,
        large_condition=large,
    )


def text_tasks(source: ProbeSource, *, paths: ProbePaths, writers: Writers | None) -> tuple[ProbeTask, ...]:
    """One task that writes, where there are two sizes, and one for each group that scores."""
    decoded = _decoded(source, paths=paths, writers=writers)
    writing = []
    if writers is not None and decoded is not None:
        argument = DecodeTask(
            small=writers.small,
            large=writers.large,
            tokens=source.tokens,
            num_types=source.num_types,
            file=str(decoded.file.absolute()),
            fingerprint=decoded.fingerprint,
        )
        name = f"texts of {writers.small_condition} and {writers.large_condition}, seed {writers.seed}"
        writing = [ProbeTask(name, decode_texts, argument, (decoded,))]
    scoring = [
        ProbeTask(
            f"texts, {group}",
            score_texts,
            TextTask(
                group=group,
                tokens=source.tokens,
                decoded=None if decoded is None else str(decoded.file.absolute()),
                file=str(output.file.absolute()),
                fingerprint=output.fingerprint,
            ),
            (output,),
            is_last=True,
        )
        for group, output in text_outputs(source, paths=paths, writers=writers)
    ]
    return (*writing, *scoring)


def text_outputs(
    source: ProbeSource, *, paths: ProbePaths, writers: Writers | None
) -> tuple[tuple[CheckpointGroup, Output], ...]:
    """Where the scores of texts of each group are."""
    decoded = _decoded(source, paths=paths, writers=writers)
    fingerprint = None if decoded is None else decoded.fingerprint
    return tuple(
        (
            group,
            Output(
                paths.arrays(_TEXTS, condition=group.condition, interval=group.interval),
                scoring_fingerprint(group=group, tokens=source.tokens, decoded=fingerprint),
            ),
        )
        for group in source.groups
    )


def choice_tasks(source: ProbeSource, *, paths: ProbePaths, options: EncodedOptions) -> tuple[ProbeTask, ...]:
    """One task for each group."""
    return tuple(
        ProbeTask(
            f"choices, {group}",
            score_choices,
            ChoiceTask(group=group, options=options, file=str(output.file.absolute()), fingerprint=output.fingerprint),
            (output,),
        )
        for group, output in choice_outputs(source, paths=paths, options=options)
    )


def choice_outputs(
    source: ProbeSource, *, paths: ProbePaths, options: EncodedOptions
) -> tuple[tuple[CheckpointGroup, Output], ...]:
    """Where the answers of each group are."""
    return tuple(
        (
            group,
            Output(
                paths.arrays(_CHOICES, condition=group.condition, interval=group.interval),
                choice_fingerprint(group=group, options=options),
            ),
        )
        for group in source.groups
    )


def _decoded(source: ProbeSource, *, paths: ProbePaths, writers: Writers | None) -> Output | None:
    if writers is None:
        return None
    return Output(
        paths.written_texts,
        decoding_fingerprint(
            small=writers.small, large=writers.large, tokens=source.tokens, num_types=source.num_types
        ),
    )


def _member(group: CheckpointGroup, *, seed: int) -> Checkpoint:
    return next(member for member in group.members if member.seed == seed)
