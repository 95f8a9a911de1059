"""Compare experiments, or the conditions of one."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.comparison.compare import compare_sides
from analysis.comparison.markdown import comparison_to_markdown
from analysis.comparison.sentences import summarize_comparison
from analysis.comparison.side import Side
from analysis.excerpt import path_text
from analysis.json_text import statistics_to_json
from analysis.levels import ordered_labels
from analysis.sources import DEFAULT_METRIC, SourceOptions, is_run_directory, load_sources
from analysis.table import table_from_records
from configs.durable import write_bytes_durably
from configs.errors import ConfigurationError, RunDirectoryError, TableError
from configs.experiment import BASE_CONDITION
from configs.run_paths import RunPaths
from orchestrator.ledger import reading_ledger
from orchestrator.manifest import add_run_hashes
from orchestrator.run_directory import RunDirectory, open_run_directory

__all__ = ["Compared", "compare_sources"]

WHAT_IS_READ = (
    "give a run directory, or a table with the columns seed, interval and val_loss, one row per seed and interval"
)


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison wrote."""

    json_file: Path
    markdown_file: Path
    sentences: tuple[str, ...]


def compare_sources(sources: Sequence[Path], *, out: Path | None) -> Compared:
    """Write compare.json and compare.md; no source is changed.

    Args:
        sources: Run directories, or files and folders that `load_sources` understands and that hold val_loss. One is
            enough if it has several conditions.
        out: Where to write; the current directory by default.

    Raises:
        UserError: If a source cannot be read, there is nothing to compare, or the losses are not comparable.
    """
    _reject_repeated(sources)
    sides = _with_unique_names([side for source in sources for side in _sides(source)])
    if len(sides) < 2:
        raise ConfigurationError(
            f"{sources[0]} holds one condition, which has nothing to be compared with; name a second run directory"
        )
    result = compare_sides(sides)
    destination = _made(out or Path())
    write_bytes_durably(destination.comparison_json, statistics_to_json(result).encode())
    write_bytes_durably(destination.comparison_md, comparison_to_markdown(result).encode())
    return Compared(destination.comparison_json, destination.comparison_md, tuple(summarize_comparison(result)))


def _reject_repeated(sources: Sequence[Path]) -> None:
    seen: set[Path] = set()
    for source in sources:
        if source.resolve() in seen:
            raise ConfigurationError(f"{source} is named twice; name each source once")
        seen.add(source.resolve())


def _sides(source: Path) -> list[Side]:
    return _sides_of_run(source) if is_run_directory(source) else _sides_of_data(source)


def _sides_of_run(source: Path) -> list[Side]:
    directory = open_run_directory(source)
    with reading_ledger(directory.paths.ledger_file) as ledger:
        records, runs = ledger.records(), ledger.runs()
    if not records:
        raise RunDirectoryError(f"{source} holds no record yet; run `seedscope resume {source}` first")
    table = table_from_records(records, telemetry=directory.config.telemetry)
    evaluation = _evaluation_sha256(directory)
    # The manifest names the hashes of the runs only once the command that trained them has ended.
    manifest = add_run_hashes(directory.manifest, rows=runs, records=records)
    return [
        Side(
            name=directory.config.name,
            source=str(source),
            condition=condition,
            rows=table[table["condition"] == condition],
            config=directory.config.for_condition(condition).to_dict(),
            manifest=manifest,
            evaluation_sha256=evaluation,
        )
        for condition in dict.fromkeys(table["condition"])
    ]


def _sides_of_data(source: Path) -> list[Side]:
    try:
        return _sides_of_table(source)
    except TableError as error:
        raise TableError(f"{source} cannot be compared: {_reason(error, source=source)}; {WHAT_IS_READ}") from error


def _reason(error: TableError, *, source: Path) -> str:
    """What is wrong, without the remedy, which names options that only `seedscope analyze` has."""
    reason = str(error).partition("; ")[0]
    name = path_text(source)
    if reason.startswith(f"{name} "):
        return f"it{reason.removeprefix(name)}"
    return reason.removeprefix(f"{name}: ")


def _sides_of_table(source: Path) -> list[Side]:
    loaded = load_sources([source], options=SourceOptions(metrics=(DEFAULT_METRIC,)))
    table = loaded.frame.rename(columns={loaded.subject: "seed", loaded.within: "interval"})
    conditions = table["condition"] if "condition" in table.columns else pd.Series(BASE_CONDITION, index=table.index)
    parts = {str(name): table[conditions == name] for name in dict.fromkeys(conditions)}
    for rows in parts.values():
        _require_whole_levels(rows, within=loaded.within)
    return [
        Side(
            name=source.stem,
            source=str(source),
            condition=name,
            rows=rows,
            config=None,
            manifest=None,
            evaluation_sha256=None,
            within=loaded.within,
        )
        for name, rows in parts.items()
    ]


def _require_whole_levels(rows: pd.DataFrame, *, within: str) -> None:
    for level in ordered_labels(rows["interval"]):
        if not isinstance(level, int) or level < 0:
            raise TableError(
                f"{within}={level!r} is not a whole number from 0 on; a comparison counts its levels in these"
            )


def _evaluation_sha256(directory: RunDirectory) -> str | None:
    """Of the evaluated tokens and the one before them; None where the stream is not in the run directory."""
    evaluation = directory.config.evaluation
    try:
        stream = np.load(directory.paths.stream_file("validation"), mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        return None
    tokens = np.asarray(stream[evaluation.offset : evaluation.offset + evaluation.tokens + 1], dtype="<i8")
    return hashlib.sha256(tokens.tobytes()).hexdigest()


def _with_unique_names(sides: Sequence[Side]) -> list[Side]:
    """The sides under the experiment's name, with condition and source as far as that takes to tell them apart."""
    wordings = (
        [side.name for side in sides],
        [_with_condition(side.name, side=side, sides=sides) for side in sides],
        [_with_condition(Path(side.source).resolve().name, side=side, sides=sides) for side in sides],
        [_with_condition(side.source, side=side, sides=sides) for side in sides],
    )
    names = next(names for names in wordings if len(set(names)) == len(names))
    return [replace(side, name=name) for name, side in zip(names, sides, strict=True)]


def _with_condition(name: str, *, side: Side, sides: Sequence[Side]) -> str:
    is_only = sum(other.source == side.source for other in sides) == 1
    return name if is_only and side.condition == BASE_CONDITION else f"{name}/{side.condition}"


def _made(out: Path) -> RunPaths:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunDirectoryError(f"--out {out} cannot be made: {error.strerror}") from error
    return RunPaths(out)
