"""Add up what one run is booked between two forced samples."""

from dataclasses import dataclass
from typing import final

from workers.usage.counter import Label
from workers.usage.window_energy import WindowEnergy

__all__ = ["MOST_PERIODS", "EnergyAccount", "Step"]

MOST_PERIODS = 3.0
"""Nominal periods between two samples above which a gap is marked."""
_MOST_SKEW_S = 1.0  # wall time beyond monotonic time; a suspended machine shows so
_STUCK_S = 2.0  # every counter known steps at least ten times a second


@dataclass(frozen=True, slots=True)
class Step:
    """What one run is booked for the time between two samples."""

    active_joules: float
    idle_joules: float | None
    """None without an idle baseline; all is then active."""
    duration_s: float
    wall_ahead_s: float
    """Wall time minus monotonic time."""
    runs_cpu_s: float
    host_cpu_s: float | None


@final
class EnergyAccount:
    """The steps of one window, and what was wrong with them."""

    def __init__(self, *, began_at: float, period_s: float) -> None:
        self._began_at = began_at
        self._period_s = period_s
        self._active_joules = 0.0
        self._idle_joules = 0.0
        self._has_idle = True
        self._duration_s = 0.0
        self._wall_ahead_s = 0.0
        self._runs_cpu_s = 0.0
        self._host_cpu_s: float | None = 0.0
        self._num_samples = 1
        self._num_gaps = 0
        self._largest_gap_s = 0.0
        self._flaw: str | None = None

    def add(self, step: Step) -> None:
        """Book one step."""
        self._active_joules += step.active_joules
        self._idle_joules += step.idle_joules or 0.0
        self._has_idle = self._has_idle and step.idle_joules is not None
        self._duration_s += step.duration_s
        self._wall_ahead_s += step.wall_ahead_s
        self._runs_cpu_s += step.runs_cpu_s
        is_told = self._host_cpu_s is not None and step.host_cpu_s is not None
        self._host_cpu_s = (self._host_cpu_s or 0.0) + (step.host_cpu_s or 0.0) if is_told else None
        self._num_samples += 1
        self._num_gaps += step.duration_s > MOST_PERIODS * self._period_s
        self._largest_gap_s = max(self._largest_gap_s, step.duration_s)

    def spoil(self, why: str) -> None:
        """Make the window's energy unknown; the first reason stays."""
        self._flaw = self._flaw or why

    def window(self, *, source: str, domains: tuple[str, ...], label: Label) -> WindowEnergy:
        """The window as it stands."""
        joules = self._active_joules + self._idle_joules
        if label is Label.MEASURED and joules == 0 and self._duration_s > _STUCK_S:
            self.spoil(f"the counter did not move in {self._duration_s:.1f} s")
        is_known = self._flaw is None
        return WindowEnergy(
            source=source if is_known else None,
            domains=domains,
            joules=joules if is_known else None,
            idle_joules=self._idle_joules if is_known and self._has_idle else None,
            began_at=self._began_at,
            duration_s=self._duration_s,
            period_s=self._period_s,
            num_samples=self._num_samples,
            largest_gap_s=self._largest_gap_s,
            foreign_cpu_share=self._foreign_cpu_share(),
            note=self._note(),
        )

    def _foreign_cpu_share(self) -> float | None:
        if not self._host_cpu_s:
            return None
        return max(0.0, 1 - self._runs_cpu_s / self._host_cpu_s)

    def _note(self) -> str | None:
        marks = [self._flaw] if self._flaw else []
        if self._num_gaps:
            marks.append(
                f"{self._num_gaps} gaps between samples above {MOST_PERIODS:g} periods, "
                f"the largest {self._largest_gap_s:.1f} s"
            )
        if abs(self._wall_ahead_s) > _MOST_SKEW_S:
            marks.append(f"the clocks differ by {self._wall_ahead_s:.1f} s: the machine slept, or its clock was set")
        return "; ".join(marks) or None
