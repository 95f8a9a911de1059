"""Read the log of an external power meter and find the energy of stretches of time in it."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Self, final

from workers.usage.counter import Label, MeterError
from workers.usage.energy_account import MOST_PERIODS
from workers.usage.power import PowerSample, joules_between

__all__ = ["ExternalEnergy", "ExternalPower"]

_COLUMNS = ("timestamp", "watts")


@dataclass(frozen=True, slots=True)
class ExternalEnergy:
    """Joules of one stretch of time, by the meter's log."""

    joules: float
    period_s: float
    num_samples: int
    largest_gap_s: float
    note: str | None


@final
class ExternalPower:
    """Samples of power with the clock times at which they were taken.

    The meter covers all that hangs on it, so runs must have it for themselves, one after another.

    Args:
        samples: In the order of time, in Unix seconds on this machine's clock.
        name: Of the file.
    """

    label = Label.MEASURED

    def __init__(self, samples: Sequence[PowerSample], *, name: str) -> None:
        self.source = f"{self.label}: external meter ({name})"
        self._samples = tuple(samples)
        gaps = sorted(b.at_s - a.at_s for a, b in pairwise(samples))
        self._period_s = gaps[len(gaps) // 2]

    @classmethod
    def read(cls, path: Path, *, clock_offset_s: float) -> Self:
        """Read a CSV with the columns `timestamp` (Unix seconds or ISO 8601) and `watts`; others are passed over.

        Args:
            path: The log.
            clock_offset_s: Seconds by which the meter's clock is ahead of this machine's.

        Raises:
            MeterError: Naming the line that cannot be read, or why the log does not do.
        """
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = csv.DictReader(file)
                missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
                if missing:
                    raise MeterError(f"{path} has no column {missing[0]!r}; a meter's log has timestamp and watts")
                samples = [_sample(row, path=path, line=rows.line_num, offset_s=clock_offset_s) for row in rows]
        except (OSError, UnicodeDecodeError) as error:
            raise MeterError(f"{path} cannot be read: {error}") from None
        if len(samples) < 2:
            raise MeterError(f"{path} holds {len(samples)} samples; energy needs at least 2")
        for line, (before, after) in enumerate(pairwise(samples), start=3):
            if after.at_s <= before.at_s:
                raise MeterError(f"{path}, line {line}: the time does not go forward; sort the log and keep one clock")
        return cls(samples, name=path.name)

    def between(self, began_at: float, *, duration_s: float) -> ExternalEnergy:
        """The energy of one stretch of time, by the same rules as any other.

        Args:
            began_at: Unix seconds.
            duration_s: Seconds.

        Raises:
            MeterError: If the log does not reach over both edges.
        """
        ended_at = began_at + duration_s
        joules = joules_between(self._samples, start_s=began_at, end_s=ended_at)
        first = max(index for index, one in enumerate(self._samples) if one.at_s <= began_at)
        last = min(index for index, one in enumerate(self._samples) if one.at_s >= ended_at)
        gaps_s = [after.at_s - before.at_s for before, after in pairwise(self._samples[first : last + 1])]
        num_gaps = sum(gap_s > MOST_PERIODS * self._period_s for gap_s in gaps_s)
        note = f"{num_gaps} gaps between samples above {MOST_PERIODS:g} periods" if num_gaps else None
        return ExternalEnergy(
            joules=joules,
            period_s=self._period_s,
            num_samples=last - first + 1,
            largest_gap_s=max(gaps_s, default=0.0),
            note=note,
        )


def _sample(row: dict[str, str], *, path: Path, line: int, offset_s: float) -> PowerSample:
    try:
        at_s, watts = _seconds(row["timestamp"]), float(row["watts"])
    except (TypeError, ValueError) as error:
        raise MeterError(f"{path}, line {line}: {error}") from None
    if not (math.isfinite(at_s) and math.isfinite(watts)) or watts < 0:
        raise MeterError(f"{path}, line {line}: watts={row['watts']} at {row['timestamp']} is no power")
    return PowerSample(at_s - offset_s, watts)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return datetime.fromisoformat(text).timestamp()
