"""Read what a report needs: from a run directory's files, or from a table at hand."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.read_table import read_table
from analysis.report.facts import Condition, ReportFacts
from configs.errors import RunDirectoryError
from configs.load import load_experiment
from configs.run_paths import RunPaths

__all__ = ["facts_of_run", "facts_of_table"]


def facts_of_run(run: RunPaths, *, analysis: RunPaths | None = None) -> ReportFacts:
    """Read a run directory that has been analysed; neither the ledger nor a checkpoint is touched.

    Args:
        run: Its names; config and manifest are there.
        analysis: Where table and statistics are, if elsewhere.

    Raises:
        RunDirectoryError: If config, manifest or statistics are absent or unreadable.
        TableError: If the table is.
    """
    made = analysis or run
    statistics = _read_json(made.statistics_file)
    config = load_experiment(str(run.config_file))
    return ReportFacts(
        title=config.name,
        paths=run,
        statistics=statistics,
        conditions=_conditions(statistics, table=read_table(made.table_parquet)),
        command="seedscope analyze RUN",
        config=config,
        config_text=run.config_file.read_text(encoding="utf-8"),
        manifest=_read_json(run.manifest_file),
    )


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def facts_of_table(
    table: pd.DataFrame, *, statistics: Mapping[str, Any], title: str, command: str, paths: RunPaths
) -> ReportFacts:
    """Take a long-form table and its statistics; parts of the report that need a manifest are left out.

    Args:
        table: One row per condition, subject and level.
        statistics: What `analyze_frame` or `analyze_conditions` returned for it.
        title: Of the report, such as the file's name.
        command: What makes the report again.
        paths: Where further files are looked for.
    """
    return ReportFacts(
        title=title,
        paths=paths,
        statistics=statistics,
        conditions=_conditions(statistics, table=table),
        command=command,
    )


def _conditions(statistics: Mapping[str, Any], *, table: pd.DataFrame) -> tuple[Condition, ...]:
    by_name = statistics.get("conditions") or {statistics["design"]["condition"]: statistics}
    design = statistics["design"]
    is_grouped = "condition" in table.columns and "condition" not in (design["subject"], design["within"])
    if len(by_name) == 1:
        ((name, part),) = by_name.items()
        return (Condition(name=name, statistics=part, rows=table),)
    assert is_grouped, "several conditions come from a column of that name"
    names = table["condition"].astype("str")
    return tuple(Condition(name=name, statistics=part, rows=table[names == name]) for name, part in by_name.items())


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunDirectoryError(f"{path} is missing; run `seedscope analyze` on the run directory") from None
    except (OSError, ValueError) as error:
        raise RunDirectoryError(f"{path} cannot be read: {error}; run `seedscope analyze` again") from error
