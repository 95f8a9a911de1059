"""Load whatever people already have into one table in long form, and say where everything came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.columns import numbers_in, require_labels
from analysis.energy.trial_columns import TRIAL_COLUMNS
from analysis.excerpt import excerpt, listed, path_text
from analysis.sources.alignment import align_levels
from analysis.sources.cells import Cells, one_row_per_cell, rows_with_values
from analysis.sources.column_choice import ChosenMetrics, choose_metrics
from analysis.sources.found_files import find_files
from analysis.sources.labels import check_labels, with_plain_labels
from analysis.sources.level_names import check_level_names
from analysis.sources.named_readings import CONDITION, NamedReadings, with_seeds
from analysis.sources.options import SourceOptions
from analysis.sources.read_file import read_file
from analysis.sources.reading import Format, Reading
from analysis.sources.thinning import thin_levels
from analysis.sources.trainer_state import newest_saves
from analysis.table import TABLE_COLUMNS
from configs.counted import counted
from configs.errors import TableError

__all__ = ["InputAudit", "Loaded", "load_sources"]

MINUS = "minus "


@dataclass(frozen=True, slots=True)
class InputAudit:
    """Where the analysed values came from; `audit.input` of statistics.json."""

    format: str
    files: tuple[str, ...]
    num_rows: int
    """Rows that were read, before any was joined or passed over."""
    seeds_from: str
    levels_from: str
    metrics_from: str
    notes: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """The same for a reader."""
        num_files = len(self.files)
        what = f"{num_files} files ({self.format} each)" if num_files > 1 else f"{self.files[0]} ({self.format})"
        rows = counted(self.num_rows, "row")
        return (
            f"Read {what}, {rows}; {self.seeds_from}; {self.levels_from}; {self.metrics_from}.",
            *(f"{note[:1].upper()}{note[1:]}." for note in self.notes),
        )


@dataclass(frozen=True)
class Loaded:
    """One row per condition, seed and level."""

    frame: pd.DataFrame
    subject: str
    within: str
    metrics: tuple[str, ...]
    audit: InputAudit


def load_sources(sources: Sequence[Path], *, options: SourceOptions) -> Loaded:
    """Read files, folders and patterns of one kind into one table.

    Args:
        sources: What `find_files` understands.
        options: Columns and rules.

    Raises:
        TableError: If anything cannot be read, or could be read in two ways and no option says which.
    """
    found = find_files(sources)
    readings = [read_file(path, options=options, is_alone=len(found.files) == 1) for path in found.files]
    readings, notes = newest_saves(readings) if readings[0].format is Format.TRAINER_STATE else (readings, ())
    named = with_seeds(readings, options=options)
    check_level_names(named.readings, within=named.within)
    chosen = choose_metrics([reading.frame for reading in named.readings], keys=named.keys, options=options)
    _check_roles(named, metrics=chosen.names)
    frame = pd.concat([_numeric(reading, keys=named.keys, metrics=chosen.names) for reading in named.readings])
    cells = _cells(frame.reset_index(drop=True), named=named, metrics=chosen.names, options=options)
    thinned = thin_levels(cells.frame, within=named.within, every=options.every)
    turned = _turned(thinned.frame, metrics=chosen.names, higher_is_better=options.higher_is_better)
    return Loaded(
        frame=turned.frame,
        subject=named.subject,
        within=named.within,
        metrics=tuple(MINUS + name if name in options.higher_is_better else name for name in chosen.names),
        audit=InputAudit(
            format=readings[0].format.value,
            files=tuple(path_text(reading.path) for reading in readings),
            num_rows=sum(len(reading.frame) for reading in readings),
            seeds_from=named.seeds_from,
            levels_from=f"levels are {named.within!r}",
            metrics_from=_metrics_from(chosen),
            notes=(
                *found.notes,
                *notes,
                *(note for reading in readings for note in reading.notes),
                *cells.notes,
                *thinned.notes,
                *turned.notes,
            ),
        ),
    )


def _check_roles(named: NamedReadings, *, metrics: Sequence[str]) -> None:
    every = [*named.keys, *metrics]
    repeated = sorted({name for name in every if every.count(name) > 1})
    if repeated:
        raise TableError(f"the column {excerpt(repeated[0])} has two roles; subject, within and metrics must differ")


def _numeric(reading: Reading, *, keys: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """The columns that the analysis may need, metrics as floats."""
    frame = reading.frame
    missing = [name for name in metrics if name not in frame.columns]
    if missing and not reading.is_log:
        raise TableError(
            f"{reading.path} has no column {excerpt(missing[0])}; its columns are {listed(list(frame.columns))}"
        )
    known = dict.fromkeys((*keys, *TABLE_COLUMNS, *TRIAL_COLUMNS))
    kept = [name for name in known if name in frame.columns and name not in metrics]
    try:
        numbers = {name: numbers_in(frame, column=name) for name in metrics if name in frame.columns}
    except TableError as error:
        raise TableError(f"{reading.path}: {error}") from error
    return frame[kept].assign(**numbers, **dict.fromkeys(missing, float("nan")))


def _cells(frame: pd.DataFrame, *, named: NamedReadings, metrics: Sequence[str], options: SourceOptions) -> Cells:
    for column in (named.subject, named.within):
        frame = with_plain_labels(frame, column=column, path=named.place)
    notes: list[str] = []
    if CONDITION in named.keys:
        require_labels(frame, column=CONDITION)
        frame = frame.assign(**{CONDITION: frame[CONDITION].astype("str")})
        check_labels(list(frame[CONDITION].unique()), column=CONDITION, path=named.place)
    if named.readings[0].is_log:
        cells = rows_with_values(frame, subject=named.subject, metrics=metrics)
        frame, notes = cells.frame, [*notes, *cells.notes]
    cells = one_row_per_cell(frame, keys=named.keys, metrics=metrics, duplicates=options.duplicates)
    frame, notes = cells.frame, [*notes, *cells.notes]
    parts = [rows for _, rows in frame.groupby(CONDITION, sort=False)] if CONDITION in named.keys else [frame]
    aligned = [
        align_levels(
            part,
            subject=named.subject,
            within=named.within,
            metrics=metrics,
            align=options.align,
            missing=options.missing,
        )
        for part in parts
    ]
    if CONDITION in named.keys:
        aligned = [
            Cells(cells.frame.assign(**{CONDITION: part[CONDITION].iloc[0]}), cells.notes)
            for cells, part in zip(aligned, parts, strict=True)
        ]
    notes += dict.fromkeys(note for cells in aligned for note in cells.notes)
    return Cells(pd.concat([cells.frame for cells in aligned], ignore_index=True), tuple(notes))


def _turned(frame: pd.DataFrame, *, metrics: Sequence[str], higher_is_better: Sequence[str]) -> Cells:
    absent = [name for name in higher_is_better if name not in metrics]
    if absent:
        raise TableError(
            f"--higher-is-better {excerpt(absent[0])} is no metric of this analysis; name it with --metric"
        )
    turned = frame.assign(**{name: -frame[name] for name in higher_is_better})
    return Cells(
        turned.rename(columns={name: MINUS + name for name in higher_is_better}),
        tuple(
            f"{excerpt(name)} is better when higher: it is analysed with the opposite sign, as '{MINUS}{name}', "
            "and its lowest value is the best"
            for name in higher_is_better
        ),
    )


def _metrics_from(chosen: ChosenMetrics) -> str:
    names = ", ".join(map(repr, chosen.names))
    return f"metric{'s' if len(chosen.names) > 1 else ''} {names}" + (
        "" if chosen.why == "named" else f", {chosen.why}"
    )
