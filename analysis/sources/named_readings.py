"""Say of every row to which seed it belongs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from analysis.excerpt import excerpt
from analysis.sources.options import SourceOptions
from analysis.sources.reading import Reading
from analysis.sources.seed_names import NamePattern, names_from_paths
from configs.counted import counted
from configs.errors import TableError

__all__ = ["CONDITION", "NamedReadings", "with_seeds"]

CONDITION = "condition"


@dataclass(frozen=True)
class NamedReadings:
    """Files whose rows all say to which seed they belong."""

    readings: tuple[Reading, ...]
    subject: str
    within: str
    keys: tuple[str, ...]
    """Columns that name a cell: the condition, where there is one, the subject and the level."""
    seeds_from: str

    @property
    def place(self) -> str:
        """The files, for sentences on all of them."""
        rest = len(self.readings) - 1
        return str(self.readings[0].path) + (f" and {counted(rest, 'other file')}" if rest else "")


def with_seeds(readings: Sequence[Reading], *, options: SourceOptions) -> NamedReadings:
    """Name the seeds: by a pattern, by a column, or by the files' own names.

    Args:
        readings: Files of one kind.
        options: A pattern, and what the seeds' column is called where the files have none.

    Raises:
        TableError: If the files are of two kinds or name their columns differently, or a name does not give a seed.
    """
    _check_same_kind(readings)
    first = readings[0]
    pattern = None if options.subject_from is None else NamePattern(options.subject_from, subject=options.subject_name)
    if pattern is not None:
        named = [_matched(reading, pattern=pattern) for reading in readings]
        subject, why = options.subject_name, f"seeds are taken from names by {options.subject_from!r}"
    elif first.subject is None:
        subject = options.subject_name
        names = names_from_paths([reading.path for reading in readings], kind=first.format)
        named = [_assigned(reading, {subject: name}) for reading, name in zip(readings, names, strict=True)]
        why = f"each seed is named by its folder or file, such as {excerpt(names[0])}"
    else:
        named, subject, why = list(readings), first.subject, f"seeds are named by the column {excerpt(first.subject)}"
    has_condition = any(CONDITION in reading.frame.columns for reading in named)
    is_key = has_condition and CONDITION not in (subject, first.within)
    keys = ((CONDITION,) if is_key else ()) + (subject, first.within)
    return NamedReadings(tuple(named), subject=subject, within=first.within, keys=keys, seeds_from=why)


def _check_same_kind(readings: Sequence[Reading]) -> None:
    first = readings[0]
    for reading in readings:
        if reading.format is not first.format:
            raise TableError(
                f"{first.path} is a {first.format.value}, {reading.path} a {reading.format.value}; analyse one kind"
            )
        if (reading.subject, reading.within) != (first.subject, first.within):
            raise TableError(
                f"{first.path} names its seeds by {_name_of(first)} and its levels by {first.within!r}, {reading.path} "
                f"by {_name_of(reading)} and {reading.within!r}; say which with --subject and --within"
            )


def _name_of(reading: Reading) -> str:
    return "its own name" if reading.subject is None else repr(reading.subject)


def _assigned(reading: Reading, parts: dict[str, str]) -> Reading:
    return replace(reading, frame=reading.frame.assign(**parts))


def _matched(reading: Reading, *, pattern: NamePattern) -> Reading:
    """Placeholders become columns; of a run's name where rows have one, else of the file's path."""
    if reading.subject is None:
        return _assigned(reading, pattern.parts_of(reading.path.as_posix()))
    codes, names = pd.factorize(reading.frame[reading.subject].astype("str"))
    parts = pd.DataFrame([pattern.parts_of(name) for name in names]).iloc[codes].set_axis(reading.frame.index)
    return replace(reading, frame=reading.frame.assign(**{str(name): parts[name] for name in parts.columns}))
