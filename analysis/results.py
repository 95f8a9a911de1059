"""Results that a notebook shows: the answer, the main figure, the way to the rest."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.report.facts import ReportFacts
from analysis.report.load_facts import facts_of_run
from analysis.report.names import of_condition
from analysis.report.notebook import notebook_html
from analysis.report.sections.answer import answer_sentences
from configs.counted import counted
from configs.run_paths import RunPaths

__all__ = ["Results", "load_results"]


@dataclass(frozen=True, repr=False)
class Results:
    """What was measured and what it means; shown in a notebook, it is the answer with the main figure."""

    facts: ReportFacts

    @property
    def answer(self) -> str:
        """The answer in sentences, one line per condition."""
        return "\n".join(
            f"{of_condition(condition, facts=self.facts)}{' '.join(answer_sentences(condition))}"
            for condition in self.facts.conditions
        )

    @property
    def table(self) -> pd.DataFrame:
        """One row per condition, seed and interval."""
        return pd.concat([condition.rows for condition in self.facts.conditions], ignore_index=True)

    @property
    def statistics(self) -> dict[str, Any]:
        """The dictionary that statistics.json holds."""
        return dict(self.facts.statistics)

    def __repr__(self) -> str:
        rows = counted(self.facts.num_cells, "row")
        conditions = counted(len(self.facts.conditions), "condition")
        return f"<Results of {self.facts.title}: {rows}, {conditions}; see answer, table, statistics>"

    def _repr_html_(self) -> str:
        return notebook_html(self.facts)


def load_results(run_dir: Path | str) -> Results:
    """Read the results of a run directory that has been analysed; needs neither Ray nor torch.

    Args:
        run_dir: Such as `runs/quickstart-20261122-021819`.

    Raises:
        RunDirectoryError: If it is no run directory, or has not been analysed yet.
        TableError: If its table cannot be read.
    """
    return Results(facts_of_run(RunPaths(Path(run_dir))))
