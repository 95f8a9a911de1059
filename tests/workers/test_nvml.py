"""GPU energy comes from the total-energy counter where there is one, else from sampled power."""

import shutil
import subprocess

import pytest

from workers.usage.counter import MeterError, Moment
from workers.usage.nvml import nvml_counter
from workers.usage.nvml_library import AbstractNvml, CtypesNvml


class FakeNvml(AbstractNvml):
    """Devices with the readings that a test sets; None is what NOT_SUPPORTED answers."""

    def __init__(self, num_devices: int = 1) -> None:
        self.energies_mj: list[int | None] = [1_000_000] * num_devices
        self.powers_mw: list[int | None] = [100_000] * num_devices
        self.instants_mw: list[int | None] = [100_000] * num_devices

    def num_devices(self) -> int:
        return len(self.energies_mj)

    def uuid(self, index: int) -> str:
        return f"GPU-{index}"

    def energy_mj(self, index: int) -> int:
        return self._told(self.energies_mj[index], "total energy")

    def power_mw(self, index: int) -> int:
        return self._told(self.powers_mw[index], "power")

    def instant_power_mw(self, index: int) -> int:
        return self._told(self.instants_mw[index], "instant power")

    def temperature_c(self, index: int) -> int:
        return 40

    def sm_clock_mhz(self, index: int) -> int:
        return 1_980

    def _told(self, value: int | None, what: str) -> int:
        if value is None:
            raise MeterError(f"NVML: {what} answers not supported")
        return value


def at(at_s: float) -> Moment:
    return Moment(at_s, 0.0)


def test_counter_in_millijoules_becomes_joules():
    nvml = FakeNvml()
    counter = nvml_counter(nvml)
    counter.joules(at(0.0))
    nvml.energies_mj = [1_043_500]

    assert (counter.name, counter.label.value) == ("nvml energy counter", "measured")
    assert counter.joules(at(0.1)) == pytest.approx(43.5)


def test_devices_are_added():
    nvml = FakeNvml(num_devices=2)
    counter = nvml_counter(nvml)
    counter.joules(at(0.0))
    nvml.energies_mj = [1_010_000, 1_002_000]

    assert counter.domains == ("gpu-0", "gpu-1")
    assert counter.joules(at(1.0)) == pytest.approx(12.0)


def test_counter_that_was_reset_is_unknown_once_and_then_goes_on():
    nvml = FakeNvml()
    counter = nvml_counter(nvml)
    counter.joules(at(0.0))
    nvml.energies_mj = [5]
    with pytest.raises(MeterError, match="counter of gpu 0 went back"):
        counter.joules(at(1.0))
    before = counter.joules(at(2.0))
    nvml.energies_mj = [2_005]

    assert counter.joules(at(3.0)) - before == pytest.approx(2.0)


def test_without_a_counter_power_is_integrated():
    nvml = FakeNvml()
    nvml.energies_mj = [None]
    counter = nvml_counter(nvml)
    counter.joules(at(0.0))
    nvml.instants_mw = [300_000]

    assert counter.name == "nvml instant power"
    assert counter.joules(at(2.0)) == pytest.approx(400.0)


def test_without_instant_power_its_average_is_integrated():
    nvml = FakeNvml()
    nvml.energies_mj, nvml.instants_mw = [None], [None]
    counter = nvml_counter(nvml)
    counter.joules(at(0.0))

    assert counter.name == "nvml averaged power"
    assert counter.joules(at(2.0)) == pytest.approx(200.0)


def test_slice_that_tells_nothing_says_so():
    nvml = FakeNvml()
    nvml.energies_mj, nvml.powers_mw, nvml.instants_mw = [None], [None], [None]

    with pytest.raises(MeterError, match=r"total energy answers not supported; .*power answers not supported"):
        nvml_counter(nvml)


def test_machine_without_a_gpu_says_so():
    with pytest.raises(MeterError, match="NVML lists none"):
        nvml_counter(FakeNvml(num_devices=0))


def test_machine_without_a_driver_says_so():
    with pytest.raises(MeterError, match=r"no NVML: .*libnone\.so"):
        CtypesNvml("libnone.so")


DRIVER = """
typedef void *device;
typedef struct {
  unsigned field, scope; long long at, latency; unsigned type, status; union { unsigned ui; double d; } v;
} value;
static device first = (device)0x7f0000000000ULL;
int nvmlInit_v2(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned *n) { *n = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, device *d) { *d = (char *)first + i; return 0; }
int nvmlDeviceGetUUID(device d, char *text, unsigned n) { text[0] = d == first ? 'a' : 'b'; text[1] = 0; return n < 2; }
int nvmlDeviceGetTotalEnergyConsumption(device d, unsigned long long *mj) {
  *mj = 0x100000001ULL;
  return d == first ? 0 : 3;
}
int nvmlDeviceGetPowerUsage(device d, unsigned *mw) { *mw = 650123; return d == 0; }
int nvmlDeviceGetFieldValues(device d, int n, value *v) {
  if (n != 1 || v->field != 186) return 2;
  v->status = d == first ? 0 : 3;
  v->v.ui = 701234;
  return 0;
}
int nvmlDeviceGetTemperature(device d, unsigned sensor, unsigned *c) { *c = 61; return d == 0 || sensor; }
int nvmlDeviceGetClockInfo(device d, unsigned clock, unsigned *mhz) { *mhz = 1980; return d == 0 || clock != 1; }
"""


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_driver_is_asked_in_its_own_types_where_no_package_does_so(tmp_path):
    (tmp_path / "driver.c").write_text(DRIVER)
    library = tmp_path / "libdriver.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "driver.c"], check=True)
    nvml = CtypesNvml(str(library))

    assert (nvml.num_devices(), nvml.uuid(0), nvml.uuid(1)) == (2, "a", "b")
    assert nvml.energy_mj(0) == 2**32 + 1
    assert (nvml.power_mw(0), nvml.instant_power_mw(0)) == (650_123, 701_234)
    assert (nvml.temperature_c(0), nvml.sm_clock_mhz(0)) == (61, 1_980)
    for refused in (nvml.energy_mj, nvml.instant_power_mw):
        with pytest.raises(MeterError, match="answers not supported"):
            refused(1)
