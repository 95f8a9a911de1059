"""Analyse a run directory, or whatever measurements of seeds people already have."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.audit import without_unusable
from analysis.derived_columns import with_derived_columns
from analysis.energy.sentences import energy_sentences
from analysis.energy.trials_energy import add_trials_energy
from analysis.excerpt import listed_words, path_text
from analysis.frame_conditions import analyze_conditions
from analysis.frame_summary import summarize_frame
from analysis.json_text import statistics_to_json
from analysis.report.load_facts import facts_of_run, facts_of_table
from analysis.report.write import write_report
from analysis.sources import DEFAULT_METRIC, SourceOptions, is_run_directory, load_sources
from analysis.table_statistics import TABLE_METRICS
from configs.durable import write_bytes_durably
from configs.errors import ConfigurationError, RunDirectoryError
from configs.run_paths import RunPaths
from configs.telemetry import TelemetryConfig
from orchestrator.aggregation import aggregate
from orchestrator.analyze_remains import check_anything_is_left
from orchestrator.ledger import reading_ledger
from orchestrator.run_directory import open_run_directory
from orchestrator.source_options import command_line, options_given

__all__ = ["Analysis", "analyze_source"]

OPTIONS_OF_RUNS = ("--missing", "--reference")


@dataclass(frozen=True, slots=True)
class Analysis:
    """What an analysis found."""

    statistics_file: Path
    report_file: Path
    sentences: tuple[str, ...]


def analyze_source(sources: Sequence[Path], *, out: Path | None, options: SourceOptions) -> Analysis:
    """Write statistics.json and the report, and for a run directory its table as well.

    Args:
        sources: One run directory; or files, folders and patterns that hold measurements of seeds.
        out: Where to write; a run directory's own place, or the current directory, by default.
        options: Columns and rules; a run directory knows its own columns.

    Raises:
        UserError: If the sources cannot be analysed.
    """
    runs = [source for source in sources if is_run_directory(source)]
    if not runs:
        return _analyze_data(sources, out=out or Path(), options=options)
    if len(sources) > 1:
        raise ConfigurationError(
            f"{runs[0]} is a run directory, which is analysed by itself; compare several with `seedscope compare`"
        )
    _check_options_of_run(runs[0], options=options)
    return _analyze_run(runs[0], out=out or runs[0], options=options)


def _check_options_of_run(run: Path, *, options: SourceOptions) -> None:
    """A run directory knows its columns, and is analysed at every interval; other options would be passed over."""
    foreign = [" ".join(given) for given in options_given(options) if given[0] not in OPTIONS_OF_RUNS]
    if not foreign:
        return
    do_not, them = ("does not", "it") if len(foreign) == 1 else ("do not", "them")
    raise ConfigurationError(
        f"{run} is a run directory, of which every seed and interval is analysed, by metrics that are fixed, so that "
        f"{listed_words(foreign)} {do_not} apply; leave {them} out, or analyse its table {RunPaths(run).table_csv}"
    )


def _analyze_run(source: Path, *, out: Path, options: SourceOptions) -> Analysis:
    directory = open_run_directory(source)
    with reading_ledger(directory.paths.ledger_file) as ledger:
        records = ledger.records()
    if not records:
        raise RunDirectoryError(f"{source} holds no record yet; run `seedscope resume {source}` first")
    destination = _made(out)
    result = aggregate(
        records,
        config=directory.config,
        paths=directory.paths,
        out=destination,
        missing=options.missing,
        reference=options.reference,
    )
    write_report(facts_of_run(directory.paths, analysis=destination), out=destination)
    return Analysis(destination.statistics_file, destination.report_html, result.sentences)


def _analyze_data(sources: Sequence[Path], *, out: Path, options: SourceOptions) -> Analysis:
    telemetry = TelemetryConfig()
    loaded = load_sources(sources, options=options)
    table, metrics = loaded.frame, loaded.metrics
    if not options.metrics and metrics == (DEFAULT_METRIC,):
        table = with_derived_columns(table, subject=loaded.subject, within=loaded.within, telemetry=telemetry)
        metrics = TABLE_METRICS
    statistics = analyze_conditions(
        table,
        subject=loaded.subject,
        within=loaded.within,
        metrics=metrics,
        missing=options.missing,
        telemetry=telemetry,
        reference=options.reference,
    )
    for result in (statistics, *statistics.get("conditions", {}).values()):
        result["audit"]["input"] = asdict(loaded.audit)
    check_anything_is_left(statistics, loaded=loaded, missing=options.missing)
    add_trials_energy(statistics, table, subject=loaded.subject, within=loaded.within)
    destination = _made(out)
    write_bytes_durably(destination.statistics_file, statistics_to_json(statistics).encode())
    facts = facts_of_table(
        _drawable(table, metrics=metrics),
        statistics=statistics,
        title=path_text(Path(sources[0].stem)),
        command=command_line(sources, options),
        paths=destination,
    )
    write_report(facts, out=destination)
    sentences = (*loaded.audit.sentences, *summarize_frame(statistics), *energy_sentences(statistics.get("energy")))
    return Analysis(destination.statistics_file, destination.report_html, sentences)


def _drawable(table: pd.DataFrame, *, metrics: Sequence[str]) -> pd.DataFrame:
    """The same with no value where the audit has none; an axis that reaches 1e308 leaves the range of numbers."""
    usable = {name: without_unusable(table[name].to_numpy(dtype=np.float64)) for name in metrics if name in table}
    return table.assign(**usable)


def _made(out: Path) -> RunPaths:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunDirectoryError(f"--out {out} cannot be made: {error.strerror}") from error
    return RunPaths(out)
