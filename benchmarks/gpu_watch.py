"""Meter one GPU for the length of a trial: its energy counter, and its power sampled beside it."""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from workers.usage.core_seconds import CoreSeconds
from workers.usage.counter import AbstractCounter, MeterError
from workers.usage.host_meter import HostMeter, Sharing
from workers.usage.nvml import NvmlEnergy
from workers.usage.nvml_library import AbstractNvml, open_nvml
from workers.usage.power import IntegratedPower, PowerSample, joules_between


@dataclass
class Watch:
    """Meters of this process, and every raw sample of power that was taken."""

    counter: HostMeter
    sampled: HostMeter | None
    samples: list[dict[str, float]] = field(default_factory=list)
    idle_watts: float | None = None
    """Power of the idle GPU before the first trial."""

    def begin(self) -> None:
        """A window starts."""
        for meter in filter(None, (self.counter, self.sampled)):
            meter.begin(os.getpid())

    def take(self) -> tuple[Any, Any]:
        """The window ends: what the counter gained, and what the samples add up to."""
        pid = os.getpid()
        return self.counter.take(pid), self.sampled.take(pid) if self.sampled else None

    def columns(self, counted: Any, sampled: Any, *, began_s: float, ended_s: float) -> dict[str, Any]:
        """What a trial's row tells of its energy and power."""
        inner = [sample for sample in list(self.samples) if began_s <= sample["at_s"] <= ended_s]
        watts = [sample["watts_instant"] for sample in inner]
        joules = counted.joules
        return {
            "energy_joules": joules,
            "energy_source": counted.source,
            "energy_sampled_joules": sampled.joules if sampled else None,
            "energy_averaged_joules": self._averaged_joules(began_s, ended_s),
            "idle_joules": None if self.idle_watts is None else self.idle_watts * counted.duration_s,
            "energy_window_s": counted.duration_s,
            "largest_gap_s": sampled.largest_gap_s if sampled else counted.largest_gap_s,
            "energy_note": counted.note,
            "num_power_samples": len(watts),
            "mean_watts": float(np.mean(watts)) if watts else None,
            "rms_watts": float(np.sqrt(np.mean(np.square(watts)))) if watts else None,
            "temperature_begin_c": inner[0]["temperature_c"] if inner else None,
            "temperature_end_c": inner[-1]["temperature_c"] if inner else None,
            "mean_sm_clock_mhz": float(np.mean([sample["sm_clock_mhz"] for sample in inner])) if inner else None,
        }

    def _averaged_joules(self, began_s: float, ended_s: float) -> float | None:
        trace = [PowerSample(sample["at_s"], sample["watts_averaged"]) for sample in list(self.samples)]
        try:
            return joules_between(trace, start_s=began_s, end_s=ended_s)
        except MeterError:
            return None


def open_watch(device: torch.device, *, period_s: float) -> Watch:
    """The meters of a GPU; on a CPU a model, so that the script can be tried there."""
    if device.type != "cuda":
        return Watch(HostMeter(CoreSeconds(10.0), sharing=Sharing.SEQUENTIAL, period_s=period_s), None)
    nvml = open_nvml()
    samples: list[dict[str, float]] = []
    sensor = IntegratedPower(lambda: _sample(nvml, samples), name="nvml power, sampled", domains=("gpu-0",))
    try:
        counter: AbstractCounter = NvmlEnergy(nvml)
    except MeterError as error:
        print(f"no energy counter ({error}); the trapezoid over sampled power stands in")
        counter = sensor
    meter = HostMeter(counter, sharing=Sharing.SEQUENTIAL, period_s=1.0 if counter is not sensor else period_s)
    sampled = HostMeter(sensor, sharing=Sharing.SEQUENTIAL, period_s=period_s) if counter is not sensor else None
    return Watch(meter, sampled, samples)


def _sample(nvml: AbstractNvml, samples: list[dict[str, float]]) -> float:
    averaged = nvml.power_mw(0) / 1e3
    instant = _or_nan(nvml.instant_power_mw) / 1e3
    instant = averaged if math.isnan(instant) else instant
    samples.append(
        {
            "at_s": time.monotonic(),
            "watts_instant": instant,
            "watts_averaged": averaged,
            "temperature_c": _or_nan(nvml.temperature_c),
            "sm_clock_mhz": _or_nan(nvml.sm_clock_mhz),
        }
    )
    return instant


def _or_nan(read: Callable[[int], int]) -> float:
    try:
        return read(0)
    except MeterError:
        return math.nan


def mean_watts(window: Any) -> float | None:
    """Mean power of a window; None where its energy is unknown or only modelled."""
    is_known = window.joules is not None and window.duration_s > 0 and window.source.startswith("measured")
    return window.joules / window.duration_s if is_known else None


def matmul_tflops(device: torch.device, *, size: int = 8_192) -> float:
    """The published study's compute speed: a bf16 product of 8192^3, 10 to warm up and 50 timed."""
    size = size if device.type == "cuda" else 256
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    for _ in range(10):
        left @ right
    if device.type == "cuda":
        torch.cuda.synchronize()
    began_s = time.monotonic()
    for _ in range(50):
        left @ right
    if device.type == "cuda":
        torch.cuda.synchronize()
    return 50 * 2 * size**3 / (time.monotonic() - began_s) / 1e12
