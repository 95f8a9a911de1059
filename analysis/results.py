"""Results that a notebook shows: the answer, the main figure, the way to the rest."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.report.facts import ReportFacts
from analysis.report.load_facts import facts_of_run
from analysis.report.notebook import notebook_html
from configs.run_paths import RunPaths

__all__ = ["Results", "load_results"]


@dataclass(frozen=True)
class Results:
    """What was measured and what it means; shown in a notebook, it is the answer with the main figure."""

    facts: ReportFacts

    @property
    def table(self) -> pd.DataFrame:
        """One row per condition, seed and interval."""
        return pd.concat([condition.rows for condition in self.facts.conditions], ignore_index=True)

    @property
    def statistics(self) -> dict[str, Any]:
        """The dictionary that statistics.json holds."""
        return dict(self.facts.statistics)

    def _repr_html_(self) -> str:
        return notebook_html(self.facts)


def load_results(run_dir: Path | str) -> Results:
    """Read the results of a run directory that has been analysed; needs neither Ray nor torch.

    Args:
        run_dir: Such as `runs/quickstart`.

    Raises:
        RunDirectoryError: If it is no run directory, or has not been analysed yet.
        TableError: If its table cannot be read.
    """
    return Results(facts_of_run(RunPaths(Path(run_dir))))
