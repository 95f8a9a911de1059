"""Model the energy of runs by their CPU time, and read that time."""

import os
import sys
import time
from pathlib import Path
from typing import final

from workers.usage.counter import AbstractCounter, Label, Moment

__all__ = ["CoreSeconds", "busy_cpu_s", "process_cpu_s"]

_STAT = Path("/proc/stat")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@final
class CoreSeconds(AbstractCounter):
    """E = active core-seconds of the runs x a stated number of watts per core. No sensor takes part.

    It follows CPU time by construction: a test on it is a test on CPU time.
    """

    label = Label.MODELLED

    def __init__(self, watts_per_core: float) -> None:
        self._watts_per_core = watts_per_core
        self.name = f"core-seconds x {watts_per_core:g} W"
        self.domains = ("cores of the runs",)

    def joules(self, moment: Moment) -> float:
        """See the base class."""
        return self._watts_per_core * moment.runs_cpu_s


def process_cpu_s(pid: int) -> float | None:
    """CPU seconds of all threads of a process so far; None when it is gone or the platform does not tell."""
    if pid == os.getpid():
        return time.process_time()
    if not sys.platform.startswith("linux"):
        return _psutil_cpu_s(pid)
    try:
        # CPUCLOCK_SCHED of another process, as clock_getcpuclockid(3) makes it: nanoseconds, where /proc counts ticks.
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return None


def busy_cpu_s() -> float | None:
    """CPU seconds that all processes of this host have used; None where the kernel does not tell."""
    try:
        fields = _STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    except OSError:
        return None
    user, nice, system, _idle, _iowait, irq, softirq = map(int, fields[:7])
    return (user + nice + system + irq + softirq) / _TICKS_PER_S


def _psutil_cpu_s(pid: int) -> float | None:
    import psutil

    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)
