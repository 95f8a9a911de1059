"""Read back what the tasks of `seedscope probe trends` measured."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from analysis.trends.choice_tables import AnsweredChoices
from analysis.trends.text_tables import ScoredTexts
from analysis.trends.trajectories import TokenTrajectories
from configs.probe_paths import ProbePaths
from orchestrator.probes.study import measured_groups
from orchestrator.probes.trend_tasks import Writers, choice_outputs, text_outputs
from workers.probes.array_files import read_arrays
from workers.probes.checkpoints import CheckpointGroup
from workers.probes.choice_items import EncodedOptions
from workers.probes.measure import SCORES
from workers.probes.parameter_count import count_parameters
from workers.probes.source import ProbeSource
from workers.probes.stored_scores import stored_losses

__all__ = ["answered_choices", "empty_predictions", "measured_trajectories", "scored_texts", "stored_trajectories"]

_Losses = Callable[[CheckpointGroup], NDArray[np.float32]]


def measured_trajectories(source: ProbeSource, *, paths: ProbePaths) -> tuple[TokenTrajectories, ...]:
    """The losses of the probed tokens, of the groups that have been measured."""
    groups = measured_groups(source, paths=paths, measurement=SCORES)

    def losses(group: CheckpointGroup) -> NDArray[np.float32]:
        arrays = read_arrays(paths.arrays(SCORES, condition=group.condition, interval=group.interval))
        return np.asarray(arrays["loss_nats"], dtype=np.float32)

    return tuple(_by_condition(groups, losses=losses))


def stored_trajectories(source: ProbeSource) -> tuple[TokenTrajectories, ...]:
    """The losses of the evaluated tokens that training stored."""
    return tuple(_by_condition(source.groups, losses=stored_losses))


def scored_texts(source: ProbeSource, *, paths: ProbePaths, writers: Writers | None) -> list[ScoredTexts]:
    """The scores of noised and written texts that are there."""
    return [
        _scored(group, arrays=read_arrays(output.file), writers=writers)
        for group, output in text_outputs(source, paths=paths, writers=writers)
        if output.is_current
    ]


def empty_predictions(paths: ProbePaths) -> dict[str, int]:
    """By mixture, how many predictions had nothing above zero while its texts were written."""
    arrays = read_arrays(paths.written_texts)
    return {str(name): int(number) for name, number in zip(arrays["names"], arrays["num_empty"], strict=True)}


def answered_choices(
    source: ProbeSource, *, paths: ProbePaths, options: EncodedOptions, trajectories: tuple[TokenTrajectories, ...]
) -> list[AnsweredChoices]:
    """The answers that are there, of checkpoints whose loss is known as well."""
    losses = _mean_losses(trajectories)
    return [
        _answered(group, arrays=read_arrays(output.file), losses=losses)
        for group, output in choice_outputs(source, paths=paths, options=options)
        if output.is_current and any((group.condition, group.interval, seed) in losses for seed in group.seeds)
    ]


def _by_condition(groups: tuple[CheckpointGroup, ...], *, losses: _Losses) -> Iterator[TokenTrajectories]:
    """One for each condition, with the seeds that every one of its intervals has."""
    for condition in dict.fromkeys(group.condition for group in groups):
        own = [group for group in groups if group.condition == condition]
        seeds = tuple(seed for seed in own[0].seeds if all(seed in group.seeds for group in own))
        if not seeds:
            continue
        by_interval = [losses(group)[[group.seeds.index(seed) for seed in seeds]] for group in own]
        steps = np.array([group.step for group in own], dtype=np.int64)
        tokens = [group.tokens for group in own]
        yield TokenTrajectories(
            condition=condition,
            seeds=seeds,
            intervals=tuple(group.interval for group in own),
            steps=steps,
            tokens=steps if None in tokens else np.array(tokens, dtype=np.int64),
            losses=np.stack(by_interval, axis=2),
            num_parameters=count_parameters(own[0].members[0]),
        )


def _scored(
    group: CheckpointGroup, *, arrays: Mapping[str, NDArray[np.generic]], writers: Writers | None
) -> ScoredTexts:
    return ScoredTexts(
        condition=group.condition,
        interval=group.interval,
        step=group.step,
        tokens=group.tokens,
        seeds=group.seeds,
        names=tuple(str(name) for name in arrays["names"]),
        loss_nats=np.asarray(arrays["loss_nats"], dtype=np.float64),
        num_tokens=np.asarray(arrays["num_tokens"], dtype=np.int64),
        is_writer=tuple(writers is not None and seed == writers.seed for seed in group.seeds),
    )


def _answered(
    group: CheckpointGroup,
    *,
    arrays: Mapping[str, NDArray[np.generic]],
    losses: Mapping[tuple[str, int, int], float],
) -> AnsweredChoices:
    known = [seed for seed in group.seeds if (group.condition, group.interval, seed) in losses]
    rows = [group.seeds.index(seed) for seed in known]
    return AnsweredChoices(
        condition=group.condition,
        interval=group.interval,
        step=group.step,
        tokens=group.tokens,
        seeds=tuple(known),
        log_probability=np.asarray(arrays["log_probability"], dtype=np.float64)[rows],
        mean_loss={seed: losses[group.condition, group.interval, seed] for seed in known},
    )


def _mean_losses(trajectories: tuple[TokenTrajectories, ...]) -> dict[tuple[str, int, int], float]:
    return {
        (one.condition, interval, seed): float(loss)
        for one in trajectories
        for seed, by_interval in zip(one.seeds, one.mean_losses, strict=True)
        for interval, loss in zip(one.intervals, by_interval, strict=True)
    }
