"""Write the report of an experiment that has ended."""

from pathlib import Path

from configs.run_paths import RunPaths

__all__ = ["report_on"]


def report_on(paths: RunPaths) -> Path:
    """Write report.html and what goes with it from the files of the run directory.

    Args:
        paths: A run directory whose table and statistics are written.

    Returns:
        Where the page is.
    """
    # What draws takes seconds to import; nobody should wait for that before training.
    from analysis.report.load_facts import facts_of_run
    from analysis.report.write import write_report

    write_report(facts_of_run(paths), out=paths)
    return paths.report_html
