"""Ask which part of the cross entropy falls when, and what each part owes to the size of the model."""

from typing import final

from analysis.json_text import statistics_to_json
from analysis.probes.entropy_summary import entropy_sentences, entropy_summary
from analysis.probes.entropy_table import ScoredGroup, entropy_table
from analysis.probes.probe_tables import write_probe_table
from configs.durable import write_bytes_durably
from configs.probe_paths import ProbePaths
from orchestrator.probes.request import provenance_of
from orchestrator.probes.study import AbstractStudy, Conclusion, measured_groups, measurement_tasks
from orchestrator.probes.task import ProbeTask
from workers.probes.array_files import read_arrays
from workers.probes.measure import SCORES
from workers.probes.source import ProbeSource

__all__ = ["EntropyStudy"]


@final
class EntropyStudy(AbstractStudy):
    """Needs nothing but scores of tokens."""

    def require(self, source: ProbeSource) -> None:
        """See the base class. Every source will do."""

    def tasks(self, source: ProbeSource, *, paths: ProbePaths) -> tuple[ProbeTask, ...]:
        """See the base class."""
        return measurement_tasks(source, paths=paths, measurements=(SCORES,))

    def conclude(self, source: ProbeSource, *, paths: ProbePaths) -> Conclusion:
        """See the base class."""
        groups = [
            ScoredGroup(
                condition=group.condition,
                interval=group.interval,
                step=group.step,
                tokens=group.tokens,
                arrays=read_arrays(paths.arrays(SCORES, condition=group.condition, interval=group.interval)),
            )
            for group in measured_groups(source, paths=paths, measurement=SCORES)
        ]
        table = entropy_table(groups)
        write_probe_table(table, path=paths.table("entropy"), provenance=provenance_of(source))
        summary = entropy_summary(table, groups=groups)
        write_bytes_durably(paths.summary("entropy"), statistics_to_json(summary).encode())
        return Conclusion(entropy_sentences(summary), (paths.table("entropy"), paths.summary("entropy")))
