"""Analyse a run directory, or any table in long form."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from analysis.audit import Missing
from analysis.derived_columns import with_derived_columns
from analysis.frame_conditions import analyze_conditions
from analysis.frame_summary import summarize_frame
from analysis.json_text import statistics_to_json
from analysis.long_form import load_long_form
from analysis.report.load_facts import facts_of_run, facts_of_table
from analysis.report.write import write_report
from analysis.table_statistics import TABLE_METRICS
from configs.durable import write_bytes_durably
from configs.errors import ConfigurationError, RunDirectoryError
from configs.nearest import nearest
from configs.run_paths import RunPaths
from configs.telemetry import TelemetryConfig
from orchestrator.aggregation import aggregate
from orchestrator.ledger import reading_ledger
from orchestrator.run_directory import open_run_directory

__all__ = ["Analysis", "analyze_source"]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What an analysis found."""

    statistics_file: Path
    report_file: Path
    sentences: tuple[str, ...]


def analyze_source(
    source: Path, *, out: Path | None, subject: str, within: str, metrics: tuple[str, ...], missing: str
) -> Analysis:
    """Write statistics.json and the report, and for a run directory its table as well.

    Args:
        source: A run directory, or a CSV or Parquet file in long form.
        out: Where to write; a run directory's own place, or the current directory, by default.
        subject: Column naming the subject of a file.
        within: Column naming the level of a file.
        metrics: Columns of a file; `val_loss` and what follows from it by default.
        missing: A name of `Missing`.

    Raises:
        UserError: If the source cannot be analysed.
    """
    rule = _missing_rule(missing)
    if source.is_dir():
        if metrics or subject != "seed" or within != "interval":
            raise ConfigurationError(
                f"{source} is a run directory, whose subject, levels and metrics are known; "
                "leave out --subject, --within and --metric, or analyse its table.csv"
            )
        return _analyze_run(source, out=out or source, missing=rule)
    return _analyze_file(source, out=out or Path(), subject=subject, within=within, metrics=metrics, missing=rule)


def _analyze_run(source: Path, *, out: Path, missing: Missing) -> Analysis:
    directory = open_run_directory(source)
    with reading_ledger(directory.paths.ledger_file) as ledger:
        records = ledger.records()
    if not records:
        raise RunDirectoryError(f"{source} holds no record yet; run `seedscope resume {source}` first")
    destination = _made(out)
    result = aggregate(records, config=directory.config, paths=directory.paths, out=destination, missing=missing)
    write_report(facts_of_run(directory.paths, analysis=destination), out=destination)
    return Analysis(destination.statistics_file, destination.report_html, result.sentences)


def _analyze_file(
    source: Path, *, out: Path, subject: str, within: str, metrics: tuple[str, ...], missing: Missing
) -> Analysis:
    telemetry = TelemetryConfig()
    table = load_long_form(source, subject=subject, within=within, metrics=metrics or ("val_loss",))
    if not metrics:
        table = with_derived_columns(table, subject=subject, within=within, telemetry=telemetry)
    chosen = metrics or TABLE_METRICS
    statistics = analyze_conditions(
        table, subject=subject, within=within, metrics=chosen, missing=missing, telemetry=telemetry
    )
    destination = _made(out)
    write_bytes_durably(destination.statistics_file, statistics_to_json(statistics).encode())
    command = f"seedscope analyze {shlex.quote(source.name)} --subject {subject} --within {within}"
    facts = facts_of_table(table, statistics=statistics, title=source.stem, command=command, paths=destination)
    write_report(facts, out=destination)
    return Analysis(destination.statistics_file, destination.report_html, tuple(summarize_frame(statistics)))


def _missing_rule(name: str) -> Missing:
    names = [rule.value for rule in Missing]
    if name in names:
        return Missing(name)
    guess = nearest(name, names)
    hint = f"did you mean {guess}?" if guess else f"choose one of {', '.join(names)}"
    raise ConfigurationError(f"--missing {name} is not a rule; {hint}")


def _made(out: Path) -> RunPaths:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunDirectoryError(f"--out {out} cannot be made: {error.strerror}") from error
    return RunPaths(out)
