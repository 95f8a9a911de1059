"""Bring seeds that were measured at different levels onto the same ones, by a declared rule only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.audit import Missing
from analysis.excerpt import excerpt
from analysis.levels import ordered_labels
from analysis.sources.cells import Cells
from analysis.sources.options import Align
from configs.counted import counted
from configs.errors import TableError

__all__ = ["align_levels"]

NUM_SHOWN = 3


def align_levels(
    frame: pd.DataFrame, *, subject: str, within: str, metrics: Sequence[str], align: Align, missing: Missing
) -> Cells:
    """The same rows where the seeds share their levels; else what the rule makes of them.

    Levels differ where some level is there for at most half of the seeds. A few missing cells are no such case, and
    stay for the audit. No rule reaches beyond the range that all seeds share.

    - `intersect` keeps the levels that every seed has.
    - `interpolate` takes the levels of the coarsest seed, and reads the others' values off the straight lines between
      their measurements.

    Args:
        frame: One row per cell of one condition.
        subject: Column that names the seeds.
        within: Column that names the levels.
        metrics: Columns with numbers, each aligned by itself.
        align: The rule.
        missing: `drop-levels` is a rule for this, too, and needs no other.

    Raises:
        TableError: If the levels differ and no rule was declared, no level is shared, or levels to be interpolated are
            no numbers.
    """
    notes: list[str] = []
    parts: list[pd.DataFrame] = []
    for metric in metrics:
        rows = frame if align is Align.REFUSE else frame[frame[metric].notna()]
        grids = _Grids(rows, subject=subject, within=within)
        if align is Align.REFUSE and missing is not Missing.DROP_LEVELS and grids.differ:
            raise TableError(grids.sentence)
        if align is Align.REFUSE or not grids.are_unequal:
            parts.append(rows[[subject, within, metric]])
            continue
        aligned = _intersected if align is Align.INTERSECT else _interpolated
        result = aligned(rows, grids=grids, metric=metric)
        parts.append(result.frame)
        notes.extend(result.notes)
    if align is Align.REFUSE:
        return Cells(frame, ())
    if not notes:
        return Cells(frame, (f"--align {align.value}: the seeds share their levels; nothing had to be aligned",))
    joined = parts[0]
    for part in parts[1:]:
        joined = joined.merge(part, on=[subject, within], how="outer")
    return Cells(joined, tuple(notes))


@dataclass(frozen=True)
class _Grids:
    """Which levels each seed has."""

    rows: pd.DataFrame
    subject: str
    within: str

    @property
    def num_subjects(self) -> int:
        return int(self.rows[self.subject].nunique())

    @property
    def counts(self) -> pd.Series:
        """Seeds by level."""
        return self.rows[self.within].value_counts()

    @property
    def are_unequal(self) -> bool:
        """Whether any seed lacks a level of another."""
        return bool((self.counts < self.num_subjects).any())

    @property
    def differ(self) -> bool:
        """Whether some level is there for at most half of the seeds."""
        return self.num_subjects > 1 and bool((self.counts * 2 <= self.num_subjects).any())

    @property
    def shared(self) -> pd.Index:
        """Levels of every seed."""
        counts = self.counts
        return counts.index[counts == self.num_subjects]

    @property
    def is_numeric(self) -> bool:
        return pd.api.types.is_numeric_dtype(self.rows[self.within])

    @property
    def sentence(self) -> str:
        by_seed = {
            name: ordered_labels(levels) for name, levels in self.rows.groupby(self.subject, sort=False)[self.within]
        }
        first = next(iter(by_seed))
        other = next(name for name, levels in by_seed.items() if set(levels) != set(by_seed[first]))
        shown = ", ".join(f"{self.subject} {name!s} has {_described(by_seed[name])}" for name in (first, other))
        interpolate = (
            "--align interpolate to read values off straight lines between neighbours, " if self.is_numeric else ""
        )
        return (
            f"the seeds are measured at different levels of {excerpt(self.within)}: {shown}; every {self.subject} has "
            f"{len(self.shared):,} of {len(self.counts):,}; declare {interpolate}"
            f"--align intersect to keep the shared ones"
        )


def _described(levels: tuple[object, ...]) -> str:
    shown = ", ".join(map(str, levels[:NUM_SHOWN]))
    return f"{len(levels):,} ({shown}, ...)" if len(levels) > NUM_SHOWN else shown


def _intersected(rows: pd.DataFrame, *, grids: _Grids, metric: str) -> Cells:
    shared = grids.shared
    if len(shared) == 0:
        raise TableError(f"no {grids.within} is there for every {grids.subject}, so --align intersect leaves nothing")
    kept = rows[rows[grids.within].isin(shared)]
    num_aside = len(rows) - len(kept)
    note = (
        f"{excerpt(metric)} is aligned by intersection: {len(shared):,} of {counted(len(grids.counts), 'level')} of "
        f"{excerpt(grids.within)} {_is_or_are(len(shared))} there for every {grids.subject}; {num_aside:,} of "
        f"{counted(len(rows), 'measurement')} {_is_or_are(num_aside)} set aside"
    )
    return Cells(kept[[grids.subject, grids.within, metric]], (note,))


def _interpolated(rows: pd.DataFrame, *, grids: _Grids, metric: str) -> Cells:
    if not grids.is_numeric:
        raise TableError(
            f"--align interpolate needs levels of {excerpt(grids.within)} that are numbers; use --align intersect"
        )
    trajectories = {name: part.sort_values(grids.within) for name, part in rows.groupby(grids.subject, sort=False)}
    low = max(part[grids.within].iloc[0] for part in trajectories.values())
    high = min(part[grids.within].iloc[-1] for part in trajectories.values())
    inside = {name: part[part[grids.within].between(low, high)][grids.within] for name, part in trajectories.items()}
    coarsest = min(inside, key=lambda name: len(inside[name]))
    levels = inside[coarsest].to_numpy()
    if len(levels) == 0:
        raise TableError(f"the seeds share no range of {grids.within}, so that nothing can be interpolated")
    parts = [
        pd.DataFrame(
            {grids.subject: name, grids.within: levels, metric: np.interp(levels, part[grids.within], part[metric])}
        )
        for name, part in trajectories.items()
    ]
    num_read = sum(int((~np.isin(levels, part[grids.within])).sum()) for part in trajectories.values())
    note = (
        f"{excerpt(metric)} is aligned by interpolation at the {counted(len(levels), 'level')} of {grids.subject} "
        f"{coarsest!s}, the coarsest, from {low} to {high} of {excerpt(grids.within)}: {num_read:,} of "
        f"{counted(len(levels) * len(parts), 'value')} {_is_or_are(num_read)} read off straight lines between "
        "measurements" + ("; such values vary less than measured ones would" if num_read else "")
    )
    return Cells(pd.concat(parts, ignore_index=True), (note,))


def _is_or_are(number: int) -> str:
    return "is" if number == 1 else "are"
