"""What every study of checkpoints must tell: whether it can be done, its tasks, and what they amount to."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sized
from dataclasses import dataclass
from pathlib import Path

from configs.errors import RunDirectoryError
from configs.probe_paths import ProbePaths
from orchestrator.probes.task import Output, ProbeTask
from workers.probes.checkpoints import CheckpointGroup
from workers.probes.measure import DIVERGENCE, MeasureTask, measure_group, measurement_fingerprint
from workers.probes.source import ProbeSource

__all__ = ["AbstractStudy", "Conclusion", "measured_groups", "measurement_tasks", "require_measured", "shortage_note"]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a study found."""

    sentences: tuple[str, ...]
    files: tuple[Path, ...]
    """Tables and summaries that were written."""


class AbstractStudy(ABC):
    """A question about checkpoints. It holds its own options, and nothing of any source."""

    @property
    @abstractmethod
    def uses_stored(self) -> bool:
        """Whether it takes what training stored of its evaluated tokens, and makes no forward pass."""

    @abstractmethod
    def notes(self, source: ProbeSource) -> tuple[str, ...]:
        """What a reader should know of the source before it is probed, one sentence each."""

    @abstractmethod
    def require(self, source: ProbeSource) -> None:
        """Refuse a source that the question has no meaning for, before anything is written.

        Raises:
            UserError: Names what is missing and the remedy.
        """

    @abstractmethod
    def tasks(self, source: ProbeSource, *, paths: ProbePaths) -> tuple[ProbeTask, ...]:
        """Everything to be measured, whether it is there already or not."""

    @abstractmethod
    def conclude(self, source: ProbeSource, *, paths: ProbePaths) -> Conclusion:
        """Write the tables from whatever has been measured, and say what they show."""


def measurement_tasks(
    source: ProbeSource, *, paths: ProbePaths, measurements: Collection[str]
) -> tuple[ProbeTask, ...]:
    """One task for each condition and interval.

    A task measures only what is not there yet. A group of one seed has no divergence.

    Args:
        source: The checkpoints and tokens.
        paths: Where arrays go.
        measurements: `SCORES`, `DIVERGENCE` or both.
    """
    from workers.probes.unigram import smoothed_log_unigram

    counts = source.unigram_counts
    log_unigram = None if counts is None else smoothed_log_unigram(counts)
    tasks = []
    for group in source.groups:
        outputs = _outputs(group, source=source, paths=paths, measurements=measurements)
        missing = {name: output for name, output in outputs.items() if not output.is_current} or outputs
        argument = MeasureTask(
            group=group,
            tokens=source.tokens,
            num_types=source.num_types,
            log_unigram=log_unigram,
            outputs={name: (str(output.file.absolute()), output.fingerprint) for name, output in missing.items()},
        )
        tasks.append(ProbeTask(str(group), measure_group, argument, tuple(outputs.values())))
    return tuple(tasks)


def measured_groups(source: ProbeSource, *, paths: ProbePaths, measurement: str) -> tuple[CheckpointGroup, ...]:
    """The groups whose arrays are there and current."""
    return tuple(
        group
        for group in source.groups
        for output in _outputs(group, source=source, paths=paths, measurements=(measurement,)).values()
        if output.is_current
    )


def require_measured(measured: Sized, *, paths: ProbePaths) -> None:
    """Refuse to conclude from nothing.

    Raises:
        RunDirectoryError: If there is no measurement.
    """
    if not len(measured):
        raise RunDirectoryError(
            f"{paths.root} holds no measured checkpoint of any condition; mend what failed above and probe again."
        )


def shortage_note(source: ProbeSource, *, consequence: str = "") -> tuple[str, ...]:
    """That there are fewer tokens than were asked for, if there are, and what comes of it.

    Args:
        source: The checkpoints and tokens.
        consequence: Goes on with the sentence, without its full stop.
    """
    return (f"{source.shortage}{consequence}.",) if source.shortage else ()


def _outputs(
    group: CheckpointGroup, *, source: ProbeSource, paths: ProbePaths, measurements: Collection[str]
) -> dict[str, Output]:
    return {
        measurement: Output(
            paths.arrays(measurement, condition=group.condition, interval=group.interval),
            measurement_fingerprint(measurement, group=group, source=source),
        )
        for measurement in measurements
        if measurement != DIVERGENCE or len(group.members) > 1
    }
