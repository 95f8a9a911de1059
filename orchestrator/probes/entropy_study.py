"""Ask which part of the cross entropy falls when, and what each part owes to the size of the model."""

from typing import Any, final

from numpy.typing import NDArray

from analysis.json_text import statistics_to_json
from analysis.probes.entropy_summary import entropy_sentences, entropy_summary
from analysis.probes.entropy_table import ScoredGroup, entropy_table
from analysis.probes.probe_tables import write_probe_table
from configs.durable import write_bytes_durably
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
from workers.probes.measure import SCORES
from workers.probes.source import ProbeSource
from workers.probes.stored_scores import stored_scores

__all__ = ["EntropyStudy"]

Arrays = dict[str, NDArray[Any]]  # Any: of several types


@final
class EntropyStudy(AbstractStudy):
    """Needs nothing but scores of tokens.

    Args:
        uses_stored: Take those that training stored of its evaluation tokens, and make no forward pass.
    """

    def __init__(self, *, uses_stored: bool) -> None:
        self._uses_stored = uses_stored

    @property
    def uses_stored(self) -> bool:
        """See the base class."""
        return self._uses_stored

    def notes(self, source: ProbeSource) -> tuple[str, ...]:
        """See the base class. Statistics of ranks depend on how many tokens there are."""
        if self._uses_stored:
            return (*source.notes, "Entropies of ranks move with the number of tokens; compare the same tokens alone.")
        return (*source.notes, *shortage_note(source, consequence="; entropies of ranks move with their number"))

    def require(self, source: ProbeSource) -> None:
        """See the base class. Any checkpoint will do."""

    def tasks(self, source: ProbeSource, *, paths: ProbePaths) -> tuple[ProbeTask, ...]:
        """See the base class."""
        return () if self._uses_stored else measurement_tasks(source, paths=paths, measurements=(SCORES,))

    def conclude(self, source: ProbeSource, *, paths: ProbePaths) -> Conclusion:
        """See the base class."""
        if self._uses_stored:
            groups = [_scored(group, arrays=stored_scores(group)) for group in source.groups]
        else:
            groups = [
                _scored(group, arrays=_measured(group, paths=paths))
                for group in measured_groups(source, paths=paths, measurement=SCORES)
            ]
        require_measured(groups, paths=paths)
        table = entropy_table(groups)
        write_probe_table(table, path=paths.table("entropy"), provenance=provenance_of(source))
        summary = entropy_summary(table, groups=groups)
        write_bytes_durably(paths.summary("entropy"), statistics_to_json(summary).encode())
        return Conclusion(entropy_sentences(summary), (paths.table("entropy"), paths.summary("entropy")))


def _measured(group: CheckpointGroup, *, paths: ProbePaths) -> Arrays:
    return read_arrays(paths.arrays(SCORES, condition=group.condition, interval=group.interval))


def _scored(group: CheckpointGroup, *, arrays: Arrays) -> ScoredGroup:
    return ScoredGroup(
        condition=group.condition, interval=group.interval, step=group.step, tokens=group.tokens, arrays=arrays
    )
