"""Write the report of an experiment that has ended."""

from pathlib import Path

from analysis.report.load_facts import facts_of_run
from analysis.report.write import write_report
from orchestrator.launch import Finish

__all__ = ["report_on"]


def report_on(finish: Finish) -> Path | None:
    """Write report.html and what goes with it from the files of the run directory.

    Args:
        finish: How the experiment ended; its table and statistics are written.

    Returns:
        Where the page is; None where no interval was measured, so that there is nothing to report.
    """
    if finish.aggregation.num_rows == 0:
        return None
    paths = finish.directory.paths
    write_report(facts_of_run(paths), out=paths)
    return paths.report_html
