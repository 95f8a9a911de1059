"""Read the energy counters that Linux keeps of processors (RAPL, through powercap)."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

from workers.usage.counter import AbstractCounter, Label, MeterError, Moment

__all__ = ["POWERCAP", "Rapl", "find_domains"]

POWERCAP = Path("/sys/class/powercap")
MOST_WATTS = 1_000.0
"""No domain draws more: what a gap must stay below for one wrap at most to lie in it. Packages take up to 500 W."""
_UJ_PER_J = 1e6


@dataclass(frozen=True, slots=True)
class _Domain:
    label: str
    energy_file: Path
    range_joules: float


@final
class Rapl(AbstractCounter):
    """The sum of the packages of all sockets, and of their memory where that is counted apart.

    A counter wraps at its `max_energy_range_uj`: E = (b - a) mod range, right as long as it wraps at most once between
    two readings. A longer gap is refused. Cores and uncore lie in their package, and psys holds the packages, so none
    of these is added (kernel documentation of powercap).

    Args:
        root: The powercap tree; another one is made for a test.

    Raises:
        MeterError: If there is no counter, or it cannot be read.
    """

    name = "rapl"
    label = Label.MEASURED

    def __init__(self, root: Path = POWERCAP) -> None:
        self._domains = find_domains(root)
        self.domains = tuple(domain.label for domain in self._domains)
        self._most_gap_s = min(domain.range_joules for domain in self._domains) / MOST_WATTS
        self._last: tuple[float, dict[str, float]] | None = None
        self._joules = 0.0
        self._read()

    def joules(self, moment: Moment) -> float:
        """See the base class."""
        last, self._last = self._last, None
        counters = self._read()
        self._last = (moment.at_s, counters)
        if last is None:
            return self._joules
        last_s, before = last
        if moment.at_s - last_s > self._most_gap_s:
            raise MeterError(
                f"{moment.at_s - last_s:.0f} s lie between two readings of rapl, in which a counter may have wrapped "
                f"more than once (its range of {self._most_gap_s * MOST_WATTS:.0f} J lasts {self._most_gap_s:.0f} s "
                f"at {MOST_WATTS:g} W)"
            )
        for domain in self._domains:
            self._joules += (counters[domain.label] - before[domain.label]) % domain.range_joules
        return self._joules

    def _read(self) -> dict[str, float]:
        return {domain.label: _read_uj(domain.energy_file) / _UJ_PER_J for domain in self._domains}


def find_domains(root: Path = POWERCAP) -> tuple[_Domain, ...]:
    """The domains to add up: every package, and every memory that lies beside its package's count.

    Raises:
        MeterError: If there is none, or one is not readable.
    """
    if not root.is_dir():
        raise MeterError(f"no RAPL: {root} does not exist (virtual machines and containers mostly lack it)")
    packages = [zone for zone in _zones(root) if _name(zone).startswith("package")]
    if not packages:
        names = ", ".join(_name(zone) for zone in _zones(root)) or "no zone"
        raise MeterError(f"no RAPL: {root} holds {names}, and no processor package")
    memories = [zone for package in packages for zone in _zones(package) if _name(zone) == "dram"]
    return tuple(_domain(zone, root=root) for zone in (*packages, *memories))


def _zones(directory: Path) -> Iterator[Path]:
    """Zones right below a control type or zone, such as `intel-rapl:0` and `intel-rapl:0:2`, in the order of names.

    The class directory lists zones of every depth side by side, as links; only those with one colon are top zones. A
    package may be listed twice, by `intel-rapl` and by `intel-rapl-mmio`: the second counts the same energy.
    """
    depth = directory.name.count(":") + 1
    for path in sorted(directory.glob("intel-rapl:*")):
        if path.name.count(":") == depth and (path / "name").is_file():
            yield path


def _domain(zone: Path, *, root: Path) -> _Domain:
    # dram is called the same in every socket.
    parent = f"{_name(zone.parent)}/" if ":" in zone.parent.name else ""
    energy_file = zone / "energy_uj"
    _read_uj(energy_file)
    range_joules = _read_uj(zone / "max_energy_range_uj") / _UJ_PER_J
    if range_joules <= 0:
        raise MeterError(f"no RAPL: {zone.relative_to(root)} gives its counter no range")
    return _Domain(f"{parent}{_name(zone)}", energy_file, range_joules)


def _name(zone: Path) -> str:
    try:
        return (zone / "name").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _read_uj(file: Path) -> int:
    try:
        return int(file.read_text(encoding="ascii"))
    except PermissionError:
        raise MeterError(
            f"{file} is not readable by this user (uid {os.geteuid()}); an administrator can allow it "
            f"with `chmod o+r {file}`, until the next start of the machine"
        ) from None
    except (OSError, ValueError) as error:
        raise MeterError(f"{file} cannot be read: {error}") from None
