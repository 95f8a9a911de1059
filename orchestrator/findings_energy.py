"""Find out whether this machine can tell the energy that runs use."""

import os
import time
from pathlib import Path

from configs.energy import EnergyConfig
from orchestrator.finding import Finding
from workers.usage.counter import AbstractCounter, MeterError, Moment
from workers.usage.open_meter import open_counter
from workers.usage.rapl import POWERCAP

__all__ = ["energy_finding"]

_CHECK_S = 1.0  # every counter known steps at least ten times in it
_REMEDY = (
    "Energy stays undefined; a model of it has to be asked for (energy.source=modelled and energy.watts_per_core), and "
    "the log of a meter on the wall can be read in (energy.source=external)."
)


def energy_finding(*, powercap: Path = POWERCAP, check_s: float = _CHECK_S) -> Finding:
    """Open each sensor and read it twice while one core is busy: a counter that stands still is none.

    Args:
        powercap: The kernel's tree of processor counters; another one is made for a test.
        check_s: Seconds between the two readings.
    """
    told, is_any = [], False
    for device in ("cpu", "cuda"):
        try:
            counter = open_counter(EnergyConfig(), device=device, powercap=powercap)
            told.append(_checked(counter, check_s=check_s))
            is_any = True
        except MeterError as error:
            told.append(str(error))
    return Finding("energy", "; ".join(told), None if is_any else _REMEDY)


def _checked(counter: AbstractCounter, *, check_s: float) -> str:
    began_s = time.monotonic()
    before = counter.joules(Moment(began_s, 0.0))
    while time.monotonic() < began_s + check_s:
        os.getpid()  # load, so that something is used
    ended_s = time.monotonic()
    joules = counter.joules(Moment(ended_s, 0.0)) - before
    counter.close()
    if joules <= 0:
        raise MeterError(f"{counter.name} of {' + '.join(counter.domains)} stands still and tells nothing")
    watts = joules / (ended_s - began_s)
    return f"{counter.name} of {' + '.join(counter.domains)}: {watts:.3g} W with one core busy"
