"""Turn samples of power into joules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

from workers.usage.counter import AbstractCounter, Label, MeterError, Moment

__all__ = ["IntegratedPower", "PowerSample", "joules_between", "trapezoid_joules"]


@dataclass(frozen=True, slots=True)
class PowerSample:
    """One reading of a power sensor."""

    at_s: float
    """When it was read, on one clock for all samples of a trace."""
    watts: float


def trapezoid_joules(samples: Sequence[PowerSample]) -> float:
    """E = sum of (P_i + P_{i+1}) / 2 x (t_{i+1} - t_i), over the real times of the samples.

    Exact for power that is constant, or linear between samples. One sample, or none, spans no time.

    Raises:
        MeterError: If the clock of the samples goes backwards.
    """
    joules = 0.0
    for earlier, later in pairwise(samples):
        joules += _step_joules(earlier, later)
    return joules


def joules_between(samples: Sequence[PowerSample], *, start_s: float, end_s: float) -> float:
    """The integral over exactly [start_s, end_s], power at both edges taken on the line between their neighbours.

    Args:
        samples: In the order of time.
        start_s: First edge, on the clock of the samples.
        end_s: Second edge.

    Raises:
        MeterError: If the samples do not reach over both edges; energy is never extrapolated.
    """
    if len(samples) < 2 or samples[0].at_s > start_s or samples[-1].at_s < end_s:
        span = f"from {samples[0].at_s:.3f} to {samples[-1].at_s:.3f}" if samples else "nothing"
        raise MeterError(f"the power samples cover {span}, not {start_s:.3f} to {end_s:.3f}")
    inner = [sample for sample in samples if start_s < sample.at_s < end_s]
    return trapezoid_joules([_at(samples, start_s), *inner, _at(samples, end_s)])


@final
class IntegratedPower(AbstractCounter):
    """A counter made of a power sensor: each reading adds one trapezoid.

    Args:
        read_watts: Reads the sensor.
        name: What is read.
        domains: What the sensor covers.
    """

    label = Label.MEASURED

    def __init__(self, read_watts: Callable[[], float], *, name: str, domains: tuple[str, ...]) -> None:
        self.name = name
        self.domains = domains
        self._read_watts = read_watts
        self._last: PowerSample | None = None
        self._joules = 0.0

    def joules(self, moment: Moment) -> float:
        """See the base class."""
        last, self._last = self._last, None  # after a failed reading nothing bridges the gap
        sample = PowerSample(moment.at_s, self._read_watts())
        if last is not None:
            self._joules += _step_joules(last, sample)
        self._last = sample
        return self._joules


def _step_joules(earlier: PowerSample, later: PowerSample) -> float:
    if later.at_s < earlier.at_s:
        raise MeterError(f"the clock of the power samples goes back by {earlier.at_s - later.at_s:.3f} s")
    return (earlier.watts + later.watts) / 2 * (later.at_s - earlier.at_s)


def _at(samples: Sequence[PowerSample], time_s: float) -> PowerSample:
    later = next(index for index, sample in enumerate(samples) if sample.at_s >= time_s)
    after = samples[later]
    if after.at_s == time_s:
        return after
    before = samples[later - 1]
    share = (time_s - before.at_s) / (after.at_s - before.at_s)
    return PowerSample(time_s, before.watts + share * (after.watts - before.watts))
