"""Meter a host once, however many runs share it, and divide its energy among them."""

import logging
import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import final

from workers.usage.core_seconds import busy_cpu_s, process_cpu_s
from workers.usage.counter import AbstractCounter, Label, MeterError, Moment
from workers.usage.energy_account import EnergyAccount, Step
from workers.usage.window_energy import WindowEnergy

__all__ = ["AbstractHostMeter", "HostMeter", "Sharing", "UnmeteredHost"]

logger = logging.getLogger(__name__)

_JITTER = 0.1  # a period that never varies may stay in step with what it samples


class Sharing(StrEnum):
    """Whether runs use a host one after another or at once."""

    SEQUENTIAL = "sequential"
    CONCURRENT = "concurrent"


class AbstractHostMeter(ABC):
    """What a run asks about its energy. A run is known by its process; nothing is ever raised."""

    @abstractmethod
    def begin(self, pid: int) -> None:
        """Take a sample: the energy of process `pid` counts from here on."""

    @abstractmethod
    def take(self, pid: int) -> WindowEnergy:
        """Take a sample: the energy since the one before, and the start of the next window."""

    @abstractmethod
    def close(self) -> None:
        """End the sampling."""


@final
class UnmeteredHost(AbstractHostMeter):
    """A host without a meter of its own; every window says why, and still when it was, for a meter elsewhere."""

    def __init__(self, why: str) -> None:
        self._why = why
        self._last_s = time.monotonic()

    def begin(self, pid: int) -> None:
        """See the base class."""
        del pid
        self._last_s = time.monotonic()

    def take(self, pid: int) -> WindowEnergy:
        """See the base class."""
        del pid
        now_s = time.monotonic()
        last_s, self._last_s = self._last_s, now_s
        return WindowEnergy(
            source=None,
            domains=(),
            joules=None,
            idle_joules=None,
            began_at=time.time() - (now_s - last_s),
            duration_s=now_s - last_s,
            period_s=None,
            num_samples=0,
            largest_gap_s=0.0,
            foreign_cpu_share=None,
            note=self._why,
        )

    def close(self) -> None:
        """See the base class."""


@final
class HostMeter(AbstractHostMeter):
    """Samples one counter in a thread, and at both edges of every window.

    What the counter gained between two samples is divided among the runs that the host then holds: the idle part, as
    far as a baseline is known, in equal parts; the active part by the CPU time that each run used in between (equally,
    if none used any). So the runs' shares add up to the host's energy. What other processes draw is in it; their share
    of the CPU time is told. While runs may be concurrent, such a share is an estimate and is labelled as modelled.

    Args:
        counter: The source.
        sharing: Whether runs may use the host at once.
        period_s: Seconds between two samples, nominally; jittered by a tenth.
        idle_s: Seconds to wait before a run begins while no other one goes on, to measure idle power.
        clock: Monotonic seconds.
        wall_clock: Unix seconds; where it leaves the monotonic clock behind, the machine was suspended.
        cpu_clock: CPU seconds of a process so far; None when it is gone.
        host_cpu_clock: CPU seconds of all processes so far; None where unknown.
    """

    def __init__(
        self,
        counter: AbstractCounter,
        *,
        sharing: Sharing,
        period_s: float,
        idle_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        cpu_clock: Callable[[int], float | None] = process_cpu_s,
        host_cpu_clock: Callable[[], float | None] = busy_cpu_s,
    ) -> None:
        self._counter = counter
        is_share = sharing is Sharing.CONCURRENT and counter.label is Label.MEASURED
        self._source = (
            f"{Label.MODELLED}: {counter.name} shared by CPU time" if is_share else f"{counter.label}: {counter.name}"
        )
        self._period_s = period_s
        self._idle_s = idle_s
        self._clock, self._wall_clock = clock, wall_clock
        self._cpu_clock, self._host_cpu_clock = cpu_clock, host_cpu_clock
        self._accounts: dict[int, EnergyAccount] = {}
        self._cpu_s: dict[int, float] = {}
        self._runs_cpu_s = 0.0
        self._host_joules = 0.0
        self._idle_watts: float | None = None
        self._last: _Reading | None = None
        self._lock = threading.RLock()
        self._sampler: _Sampler | None = None

    @property
    def source(self) -> str:
        """Label and name of what is read, such as `measured: rapl`."""
        return self._source

    @property
    def host_joules(self) -> float:
        """All that the counter gained since the first sample, as far as it could be read."""
        return self._host_joules

    @property
    def idle_watts(self) -> float | None:
        """The newest idle baseline; None before one was measured."""
        return self._idle_watts

    def begin(self, pid: int) -> None:
        """See the base class. Waits for the idle baseline where one is asked for and no other run goes on."""
        self._keep_sampling()
        with self._lock:
            self.sample()  # a run that has ended loses its account, and is no company
            self._accounts.pop(pid, None)
            is_alone = not self._accounts
        if self._idle_s > 0 and is_alone:
            self._measure_idle()
        with self._lock:
            self.sample()
            self._accounts[pid] = self._new_account()
            self._cpu_s[pid] = self._cpu_clock(pid) or 0.0

    def take(self, pid: int) -> WindowEnergy:
        """See the base class."""
        with self._lock:
            has_sampler_ended = self._sampler is None or not self._sampler.is_alive()
            self.sample()
            account = self._accounts.get(pid)
            if account is None:
                account = self._new_account()
                account.spoil("the window has no beginning: the meter did not know this run")
                self._cpu_s[pid] = self._cpu_clock(pid) or 0.0
            if has_sampler_ended:
                account.spoil("the sampler had ended")
            self._accounts[pid] = self._new_account()
        self._keep_sampling()
        return account.window(source=self._source, domains=self._counter.domains, label=self._counter.label)

    def sample(self) -> None:
        """Read the counter and book what it gained."""
        with self._lock:
            cpu_s = self._used_cpu_s()
            at_s, wall_s, host_cpu_s = self._clock(), self._wall_clock(), self._host_cpu_clock()
            last, self._last = self._last, None
            try:
                joules = self._counter.joules(Moment(at_s, self._runs_cpu_s))
                self._last = _Reading(at_s, wall_s, joules, host_cpu_s)
                gained = None if last is None else self._last.since(last)
            except MeterError as error:
                self._spoil(str(error))
                return
            if gained is not None:
                self._book(gained, cpu_s=cpu_s)

    def close(self) -> None:
        """See the base class."""
        if self._sampler is not None:
            self._sampler.end()
        self._counter.close()

    def _book(self, gained: "_Gain", *, cpu_s: dict[int, float]) -> None:
        self._host_joules += gained.joules
        if not self._accounts:
            return
        idle = 0.0 if self._idle_watts is None else min(gained.joules, self._idle_watts * gained.duration_s)
        total_cpu_s = sum(cpu_s.values())
        equal = 1 / len(self._accounts)
        for pid, account in self._accounts.items():
            weight = cpu_s.get(pid, 0.0) / total_cpu_s if total_cpu_s > 0 else equal
            account.add(
                Step(
                    active_joules=(gained.joules - idle) * weight,
                    idle_joules=None if self._idle_watts is None else idle * equal,
                    duration_s=gained.duration_s,
                    wall_ahead_s=gained.wall_s - gained.duration_s,
                    runs_cpu_s=total_cpu_s,
                    host_cpu_s=gained.host_cpu_s,
                )
            )

    def _used_cpu_s(self) -> dict[int, float]:
        """CPU seconds by process since the sample before; a process that is gone loses its account."""
        used = {}
        for pid in list(self._accounts):
            cpu_s = self._cpu_clock(pid)
            if cpu_s is None:
                del self._accounts[pid], self._cpu_s[pid]
                continue
            used[pid] = max(0.0, cpu_s - self._cpu_s[pid])
            self._cpu_s[pid] = cpu_s
        self._runs_cpu_s += sum(used.values())
        return used

    def _measure_idle(self) -> None:
        first = self._sampled()
        time.sleep(self._idle_s)
        last = self._sampled()
        self._idle_watts = None
        if first is not None and last is not None and last.joules > first.joules:
            self._idle_watts = (last.joules - first.joules) / (last.at_s - first.at_s)

    def _sampled(self) -> "_Reading | None":
        with self._lock:
            self.sample()
            return self._last

    def _spoil(self, why: str) -> None:
        for account in self._accounts.values():
            account.spoil(why)

    def _new_account(self) -> EnergyAccount:
        return EnergyAccount(began_at=self._wall_clock(), period_s=self._period_s)

    def _keep_sampling(self) -> None:
        if self._sampler is None or not self._sampler.is_alive():
            self._sampler = _Sampler(self.sample, period_s=self._period_s)
            self._sampler.start()


@dataclass(frozen=True, slots=True)
class _Gain:
    joules: float
    duration_s: float
    wall_s: float
    host_cpu_s: float | None


@dataclass(frozen=True, slots=True)
class _Reading:
    at_s: float
    wall_s: float
    joules: float
    host_cpu_s: float | None

    def since(self, earlier: "_Reading") -> _Gain:
        if self.joules < earlier.joules:
            raise MeterError(f"the counter went back by {earlier.joules - self.joules:.3f} J; it was reset")
        if self.at_s < earlier.at_s:
            raise MeterError(f"the monotonic clock went back by {earlier.at_s - self.at_s:.3f} s")
        before, now = earlier.host_cpu_s, self.host_cpu_s
        return _Gain(
            joules=self.joules - earlier.joules,
            duration_s=self.at_s - earlier.at_s,
            wall_s=self.wall_s - earlier.wall_s,
            host_cpu_s=None if before is None or now is None else now - before,
        )


class _Sampler(threading.Thread):
    """Calls for a sample again and again until it is told to end."""

    def __init__(self, sample: Callable[[], None], *, period_s: float) -> None:
        super().__init__(name="seedscope-energy", daemon=True)
        self._sample = sample
        self._period_s = period_s
        self._is_over = threading.Event()
        self._rng = random.Random(0)

    def run(self) -> None:
        try:
            while not self._is_over.wait(self._period_s * self._rng.uniform(1 - _JITTER, 1 + _JITTER)):
                self._sample()
        except Exception:  # the window in which it ends is unavailable; the run goes on
            logger.warning("The sampling of energy ended.", exc_info=True)

    def end(self) -> None:
        self._is_over.set()
