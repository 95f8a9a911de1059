"""Energy of NVIDIA GPUs: their total-energy counters, else their sampled power."""

from typing import final

from workers.usage.counter import AbstractCounter, Label, MeterError, Moment
from workers.usage.nvml_library import AbstractNvml
from workers.usage.power import IntegratedPower

__all__ = ["NvmlEnergy", "nvml_counter", "nvml_power"]

_MJ_PER_J = 1e3


def nvml_counter(nvml: AbstractNvml) -> AbstractCounter:
    """The best source of this host's GPUs.

    A counter is preferred: it also sees what lies between two samples. MIG slices, virtual GPUs and chips before Volta
    have none.

    Raises:
        MeterError: If there is no GPU, or it tells neither energy nor power.
    """
    if nvml.num_devices() == 0:
        raise MeterError("no GPU: NVML lists none")
    try:
        return NvmlEnergy(nvml)
    except MeterError as no_energy:
        try:
            return nvml_power(nvml)
        except MeterError as no_power:
            raise MeterError(f"{no_energy}; {no_power}") from None


@final
class NvmlEnergy(AbstractCounter):
    """The sum of the total-energy counters, which count millijoules since the driver was loaded.

    A counter steps every 20 to 100 ms; windows should last 10 s or more. One that goes back was reset with its driver.

    Raises:
        MeterError: If a device has no counter.
    """

    name = "nvml energy counter"
    label = Label.MEASURED

    def __init__(self, nvml: AbstractNvml) -> None:
        self._nvml = nvml
        self._devices = range(nvml.num_devices())
        self.domains = _domains(nvml)
        self._last: list[int] | None = None
        self._joules = 0.0
        self._read()

    def joules(self, moment: Moment) -> float:
        """See the base class."""
        del moment
        last, self._last = self._last, None
        counters = self._read()
        self._last = counters
        if last is not None:
            for device, before, now in zip(self._devices, last, counters, strict=True):
                if now < before:
                    raise MeterError(f"the energy counter of gpu {device} went back; its driver was loaded again")
                self._joules += (now - before) / _MJ_PER_J
        return self._joules

    def _read(self) -> list[int]:
        return [self._nvml.energy_mj(device) for device in self._devices]


def nvml_power(nvml: AbstractNvml) -> IntegratedPower:
    """Samples of power, integrated. A100 and H100 sensors see about a quarter of the time (arXiv 2312.02741).

    Raises:
        MeterError: If a device tells no power.
    """
    read_mw = nvml.instant_power_mw
    try:
        read_mw(0)
    except MeterError:
        read_mw = nvml.power_mw
        read_mw(0)
    kind = "instant" if read_mw == nvml.instant_power_mw else "averaged"

    def read_watts() -> float:
        return sum(read_mw(device) for device in range(nvml.num_devices())) / _MJ_PER_J

    return IntegratedPower(read_watts, name=f"nvml {kind} power", domains=_domains(nvml))


def _domains(nvml: AbstractNvml) -> tuple[str, ...]:
    return tuple(f"gpu-{device}" for device in range(nvml.num_devices()))
