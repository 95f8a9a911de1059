"""Find the files that the named sources stand for."""

import glob
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.excerpt import listed, path_text
from analysis.sources.trainer_state import TRAINER_STATE_NAME
from configs.counted import counted
from configs.errors import TableError
from configs.run_paths import RunPaths

__all__ = ["FoundFiles", "find_files", "is_run_directory"]

EVENT_MARK = "tfevents"
TABLE_SUFFIXES = (".csv", ".tsv", ".parquet", ".csv.gz", ".tsv.gz")
LARGEST_NUM_FILES = 10_000
EVENTS, STATES, TABLES = "event files", f"files {TRAINER_STATE_NAME}", "tables"
PATTERNS = {EVENTS: f"*{EVENT_MARK}*", STATES: TRAINER_STATE_NAME, TABLES: "*.csv"}


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """The files to be read, sorted by name, and what was passed over."""

    files: tuple[Path, ...]
    notes: tuple[str, ...]


def is_run_directory(path: Path) -> bool:
    """Whether Seedscope itself wrote this directory."""
    paths = RunPaths(path)
    return paths.config_file.is_file() or paths.ledger_file.is_file()


def find_files(sources: Sequence[Path]) -> FoundFiles:
    """Expand patterns and folders.

    A folder stands for the event files, the `trainer_state.json`s or the tables below it, whichever one kind there is.
    Hidden folders are passed over; a link to a folder is followed once. A file that is named again, by the same path,
    another one or a link, is read once, and the notes say so.

    Args:
        sources: Files, folders, or patterns with `*`, `?`, `[...]` and `**`.

    Raises:
        TableError: If a pattern matches nothing, or a folder holds no such file, two kinds, or a run directory.
    """
    files: dict[object, Path] = {}
    repeated: list[tuple[Path, Path]] = []
    notes: dict[str, None] = {}
    for source in sources:
        for place in _expanded(source):
            found = _in_folder(place) if place.is_dir() else FoundFiles((place,), ())
            notes.update(dict.fromkeys(found.notes))
            for file in found.files:
                identity = _identity(file)
                if identity in files:
                    repeated.append((files[identity], file))
                files.setdefault(identity, file)
    if len(files) > LARGEST_NUM_FILES:
        raise TableError(f"the sources are {len(files):,} files; name at most {LARGEST_NUM_FILES:,}")
    return FoundFiles(tuple(files.values()), (*notes, *_note_on_repeated(repeated)))


def _identity(file: Path) -> object:
    """What two names of one file have in common; a file that cannot be looked at is told by its path."""
    try:
        status = file.stat()
    except (OSError, ValueError):
        return os.path.abspath(file)
    return status.st_dev, status.st_ino


def _note_on_repeated(repeated: Sequence[tuple[Path, Path]]) -> tuple[str, ...]:
    if not repeated:
        return ()
    first, again = map(path_text, repeated[0])
    if len(repeated) == 1:
        names = first if first == again else f"{first}, which is {again},"
        return (f"the file {names} is named twice: it is read once",)
    num_again = f"{len(repeated):,} names stand for files that were named before"
    return (f"{num_again}, such as {again} for {first}: each is read once",)


def _expanded(source: Path) -> list[Path]:
    if os.path.lexists(source) or not glob.has_magic(str(source)):
        return [source]
    matches = sorted(map(Path, glob.glob(str(source), recursive=True)), key=_natural)
    if not matches:
        raise TableError(f"the pattern {source} matches no file")
    return matches


def _in_folder(folder: Path) -> FoundFiles:
    by_kind: dict[str, list[Path]] = {}
    num_others = 0
    for path in sorted(_walk(folder), key=_natural):
        kind = _kind(path.name)
        if kind is None:
            num_others += 1
        else:
            by_kind.setdefault(kind, []).append(path)
    if not by_kind:
        raise TableError(
            f"{folder} is not a run directory, and below it is no event file, {TRAINER_STATE_NAME}, CSV or Parquet file"
        )
    if len(by_kind) > 1:
        counts = " and ".join(f"{len(paths)} {kind}" for kind, paths in by_kind.items())
        pattern = f"{folder}/**/{PATTERNS[next(iter(by_kind))]}"
        raise TableError(f"{folder} holds {counts}; choose one kind with a pattern such as '{pattern}'")
    files = tuple(next(iter(by_kind.values())))
    return FoundFiles(
        files, (f"{counted(num_others, 'other file')} below {path_text(folder)}: not read",) if num_others else ()
    )


def _kind(name: str) -> str | None:
    if EVENT_MARK in name:
        return EVENTS
    if name == TRAINER_STATE_NAME:
        return STATES
    return TABLES if name.lower().endswith(TABLE_SUFFIXES) else None


def _walk(folder: Path) -> list[Path]:
    seen = set()
    found = []
    for current, folders, names in os.walk(folder, followlinks=True, onerror=_refuse):
        identity = os.path.realpath(current)
        if identity in seen:
            folders.clear()
            continue
        seen.add(identity)
        runs = [name for name in folders if is_run_directory(Path(current, name))]
        if runs:
            raise TableError(
                f"{current} holds run directories ({listed(runs, most=3)}); analyse one of them, or compare them with "
                "`seedscope compare RUN RUN`"
            )
        folders[:] = [name for name in folders if not name.startswith(".") and not _is_of_a_report(Path(current, name))]
        found += [Path(current, name) for name in names if not name.startswith(".")]
    return found


def _is_of_a_report(folder: Path) -> bool:
    """Whether an earlier analysis drew its figures here; the tables beside them are results, not measurements."""
    paths = RunPaths(folder.parent)
    return folder in (paths.figures_dir, paths.tables_dir) and paths.statistics_file.is_file()


def _refuse(error: OSError) -> None:
    raise TableError(f"{error.filename} cannot be read: {error.strerror}") from error


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Numbers in names sort as numbers: seed-9 before seed-10."""
    parts = re.split(r"(\d+)", str(path))
    return [(int(part), len(part), "") if part.isdigit() else (-1, 0, part) for part in parts]
