"""From the ledger of a run directory to its table and its statistics."""

from dataclasses import dataclass
from typing import Any

from analysis.audit import Missing
from analysis.common_mode import DataOrder
from analysis.energy.experiment_energy import experiment_energy
from analysis.energy.frame import energy_frame
from analysis.energy.sentences import energy_sentences
from analysis.json_text import statistics_to_json
from analysis.missing_cells import Cell
from analysis.paired_errors import read_paired_errors
from analysis.simultaneous import Reference
from analysis.step_spikes import read_step_spikes
from analysis.summary import summarize, summary_facts
from analysis.table import table_from_records
from analysis.table_files import write_table
from analysis.table_statistics import analyze_table
from configs.durable import write_bytes_durably
from configs.experiment import ExperimentConfig
from configs.rate_warnings import rate_warning
from configs.run_paths import RunPaths
from orchestrator.external_energy import with_external_energy
from orchestrator.progress_tracker import runs_of
from workers.points import Point, Reach, pass_by
from workers.records import IntervalRecord

__all__ = ["Aggregation", "aggregate", "expected_cells"]


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What the aggregation stage made."""

    num_rows: int
    num_expected_rows: int
    sentences: tuple[str, ...]
    """What the experiment showed, for a reader."""

    @property
    def is_complete(self) -> bool:
        """True when every run has every interval."""
        return self.num_rows == self.num_expected_rows


def expected_cells(config: ExperimentConfig) -> tuple[Cell, ...]:
    """Every condition, seed and interval of a complete experiment."""
    return tuple(
        Cell(condition=run.condition, seed=run.seed, interval=interval)
        for run in runs_of(config)
        for interval in range(config.for_condition(run.condition).schedule.num_intervals)
    )


def aggregate(
    records: tuple[IntervalRecord, ...],
    *,
    config: ExperimentConfig,
    paths: RunPaths,
    out: RunPaths,
    missing: Missing = Missing.DROP_SEEDS,
    reference: Reference = Reference.LAST,
    reach: Reach = pass_by,
) -> Aggregation:
    """Write table.csv, table.parquet and statistics.json, each whole or not at all.

    Args:
        records: All that the ledger holds; none gives an empty table and no statistics.
        config: The experiment.
        paths: Its run directory, for the losses of single tokens and steps.
        out: Where to write; usually the same.
        missing: What a missing cell does to the statistics.
        reference: The level with which the others are compared.
        reach: Told when the table is written.
    """
    cells = expected_cells(config)
    records = with_external_energy(records, config=config.energy)
    table = table_from_records(records, telemetry=config.telemetry)
    write_table(table, csv=out.table_csv, parquet=out.table_parquet)
    reach(Point.TABLE_WRITTEN)
    if not records:
        return Aggregation(0, len(cells), ("No interval was measured, so there is nothing to analyse.",))
    present = tuple(Cell(record.condition, record.seed, record.interval) for record in records)
    statistics = analyze_table(
        table,
        telemetry=config.telemetry,
        paired_errors=read_paired_errors(paths, cells=present),
        step_spikes=read_step_spikes(paths, table=table, telemetry=config.telemetry),
        missing=missing,
        reference=reference,
        expected=cells,
        data_order=DataOrder.OWN if "data_order" in config.seed_controls else DataOrder.SHARED,
    )
    _warn_of_rates(statistics, config=config)
    energies = energy_frame(records)
    write_bytes_durably(out.energy_csv, energies.to_csv(index=False, lineterminator="\n").encode())
    statistics["energy"] = experiment_energy(energies, target_losses=config.energy.target_losses)
    write_bytes_durably(out.statistics_file, statistics_to_json(statistics).encode())
    sentences = summarize(statistics, summary_facts(table, expected=cells))
    sentences += energy_sentences(statistics["energy"])
    if config.energy.source not in ("auto", "none") and "undefined" in statistics["energy"]:
        sentences.append(f"Energy ({config.energy.source}) is unknown: {statistics['energy']['undefined']}.")
    return Aggregation(len(records), len(cells), tuple(sentences))


# Any: the tree of statistics.json mixes numbers, sentences and lists.
def _warn_of_rates(statistics: dict[str, Any], *, config: ExperimentConfig) -> None:
    for result in statistics.get("conditions", {"": statistics}).values():
        resolved = config.for_condition(result["design"]["condition"])
        warning = rate_warning(resolved.optimization, schedule=resolved.schedule)
        result["audit"]["warnings"].extend(() if warning is None else (warning,))
