"""The energy of one stretch of time, and what there is to know about the number."""

from dataclasses import dataclass, replace

__all__ = ["WindowEnergy"]


@dataclass(frozen=True, slots=True)
class WindowEnergy:
    """What a meter says about one run between two forced samples."""

    source: str | None
    """Label and name, such as `measured: rapl`; None where there is no meter."""
    domains: tuple[str, ...]
    joules: float | None
    """Gross: idle power of the host included. None where unknown, never 0."""
    idle_joules: float | None
    """The part of `joules` that the host would have used idly; None without an idle baseline."""
    began_at: float
    """Unix seconds of the first edge."""
    duration_s: float
    period_s: float | None
    """Seconds between two samples, nominally."""
    num_samples: int
    largest_gap_s: float
    """Longest time between two neighbouring samples."""
    foreign_cpu_share: float | None
    """Share of the host's CPU time that other processes used; their energy is in `joules`."""
    note: str | None
    """Why there are no joules, or what to mistrust about them."""

    def followed_by(self, later: "WindowEnergy") -> "WindowEnergy":
        """Both windows as one; unknown if either is."""
        duration_s = self.duration_s + later.duration_s
        return replace(
            later,
            joules=_sum(self.joules, later.joules),
            idle_joules=_sum(self.idle_joules, later.idle_joules),
            began_at=self.began_at,
            duration_s=duration_s,
            num_samples=self.num_samples + later.num_samples,
            largest_gap_s=max(self.largest_gap_s, later.largest_gap_s),
            foreign_cpu_share=_weighted(self, later, duration_s=duration_s),
            note=_joined(self.note, later.note),
        )

    def divided_by(self, num_sharing: int) -> "WindowEnergy":
        """The equal part of each of `num_sharing` runs that one process trains together."""
        if num_sharing == 1:
            return self
        return replace(
            self,
            joules=None if self.joules is None else self.joules / num_sharing,
            idle_joules=None if self.idle_joules is None else self.idle_joules / num_sharing,
        )


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _weighted(one: WindowEnergy, other: WindowEnergy, *, duration_s: float) -> float | None:
    if one.foreign_cpu_share is None or other.foreign_cpu_share is None or duration_s == 0:
        return other.foreign_cpu_share
    weighted = one.foreign_cpu_share * one.duration_s + other.foreign_cpu_share * other.duration_s
    return weighted / duration_s


def _joined(one: str | None, other: str | None) -> str | None:
    notes = dict.fromkeys(note for note in (one, other) if note)
    return "; ".join(notes) or None
