"""Ask NVIDIA's management library, through nvidia-ml-py where it is installed and through ctypes where it is not."""

import ctypes
from abc import ABC, abstractmethod
from typing import Any, final

from workers.usage.counter import MeterError

__all__ = ["AbstractNvml", "CtypesNvml", "PackagedNvml", "open_nvml"]

_INSTANT_POWER_FIELD = 186  # NVML_FI_DEV_POWER_INSTANT
_LIBRARY = "libnvidia-ml.so.1"
_ERRORS = {1: "not initialized", 2: "invalid argument", 3: "not supported", 4: "no permission", 9: "driver not loaded"}


class AbstractNvml(ABC):
    """What is asked of one host's GPUs; a device is known by its index. Every question may raise `MeterError`."""

    @abstractmethod
    def num_devices(self) -> int:
        """GPUs of this host."""

    @abstractmethod
    def uuid(self, index: int) -> str:
        """The device's own name, such as `GPU-4f2c...`."""

    @abstractmethod
    def energy_mj(self, index: int) -> int:
        """Millijoules since the driver was loaded; Volta and newer."""

    @abstractmethod
    def power_mw(self, index: int) -> int:
        """Milliwatts: on Ampere and newer (but GA100) the mean of the last second."""

    @abstractmethod
    def instant_power_mw(self, index: int) -> int:
        """Milliwatts now."""

    @abstractmethod
    def temperature_c(self, index: int) -> int:
        """Degrees of the chip."""

    @abstractmethod
    def sm_clock_mhz(self, index: int) -> int:
        """Clock of the multiprocessors."""


def open_nvml() -> AbstractNvml:
    """The library of this host.

    Raises:
        MeterError: If there is no driver.
    """
    try:
        import pynvml
    except ImportError:
        return CtypesNvml()
    return PackagedNvml(pynvml)


@final
class PackagedNvml(AbstractNvml):
    """Through the package nvidia-ml-py.

    Args:
        pynvml: Its module.
    """

    def __init__(self, pynvml: Any) -> None:  # Any: the module has no types
        self._pynvml = pynvml
        self._call("nvmlInit")

    def num_devices(self) -> int:
        """See the base class."""
        return int(self._call("nvmlDeviceGetCount"))

    def uuid(self, index: int) -> str:
        """See the base class."""
        uuid = self._of("nvmlDeviceGetUUID", index)
        return uuid.decode() if isinstance(uuid, bytes) else str(uuid)

    def energy_mj(self, index: int) -> int:
        """See the base class."""
        return int(self._of("nvmlDeviceGetTotalEnergyConsumption", index))

    def power_mw(self, index: int) -> int:
        """See the base class."""
        return int(self._of("nvmlDeviceGetPowerUsage", index))

    def instant_power_mw(self, index: int) -> int:
        """See the base class."""
        value = self._of("nvmlDeviceGetFieldValues", index, [_INSTANT_POWER_FIELD])[0]
        if value.nvmlReturn != 0:
            raise MeterError(_refusal("the field of instant power", value.nvmlReturn))
        return int(value.value.uiVal)

    def temperature_c(self, index: int) -> int:
        """See the base class."""
        return int(self._of("nvmlDeviceGetTemperature", index, self._pynvml.NVML_TEMPERATURE_GPU))

    def sm_clock_mhz(self, index: int) -> int:
        """See the base class."""
        return int(self._of("nvmlDeviceGetClockInfo", index, self._pynvml.NVML_CLOCK_SM))

    def _of(self, function: str, index: int, *arguments: object) -> Any:
        return self._call(function, self._call("nvmlDeviceGetHandleByIndex", index), *arguments)

    def _call(self, function: str, *arguments: object) -> Any:
        try:
            return getattr(self._pynvml, function)(*arguments)
        except self._pynvml.NVMLError as error:
            raise MeterError(f"NVML: {function} answers {error}") from None


class _FieldValue(ctypes.Structure):
    """nvmlFieldValue_t."""

    _fields_ = (
        ("field_id", ctypes.c_uint),
        ("scope_id", ctypes.c_uint),
        ("timestamp", ctypes.c_longlong),
        ("latency_us", ctypes.c_longlong),
        ("value_type", ctypes.c_uint),
        ("nvml_return", ctypes.c_uint),
        ("value", ctypes.c_ulonglong),
    )


@final
class CtypesNvml(AbstractNvml):
    """Through the driver's own library, for a Python without nvidia-ml-py.

    Args:
        library: Its file name.

    Raises:
        MeterError: If it cannot be loaded, or finds no driver.
    """

    def __init__(self, library: str = _LIBRARY) -> None:
        try:
            self._library = ctypes.CDLL(library)
        except OSError as error:
            raise MeterError(f"no NVML: {error}") from None
        self._call("nvmlInit_v2")
        self._handles = [self._handle(index) for index in range(self.num_devices())]

    def num_devices(self) -> int:
        """See the base class."""
        return self._number("nvmlDeviceGetCount_v2", ctypes.c_uint())

    def uuid(self, index: int) -> str:
        """See the base class."""
        text = ctypes.create_string_buffer(96)
        self._call("nvmlDeviceGetUUID", self._handles[index], text, ctypes.c_uint(len(text)))
        return text.value.decode("ascii")

    def energy_mj(self, index: int) -> int:
        """See the base class."""
        return self._number("nvmlDeviceGetTotalEnergyConsumption", ctypes.c_ulonglong(), self._handles[index])

    def power_mw(self, index: int) -> int:
        """See the base class."""
        return self._number("nvmlDeviceGetPowerUsage", ctypes.c_uint(), self._handles[index])

    def instant_power_mw(self, index: int) -> int:
        """See the base class."""
        field = _FieldValue(field_id=_INSTANT_POWER_FIELD)
        self._call("nvmlDeviceGetFieldValues", self._handles[index], ctypes.c_int(1), ctypes.byref(field))
        if field.nvml_return != 0:
            raise MeterError(_refusal("the field of instant power", field.nvml_return))
        return int(field.value & 0xFFFFFFFF)  # an unsigned int in the union

    def temperature_c(self, index: int) -> int:
        """See the base class."""
        return self._number("nvmlDeviceGetTemperature", ctypes.c_uint(), self._handles[index], ctypes.c_uint(0))

    def sm_clock_mhz(self, index: int) -> int:
        """See the base class."""
        return self._number("nvmlDeviceGetClockInfo", ctypes.c_uint(), self._handles[index], ctypes.c_uint(1))

    def _handle(self, index: int) -> ctypes.c_void_p:
        handle = ctypes.c_void_p()
        self._call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(handle))
        return handle

    def _number(self, function: str, answer: Any, *arguments: object) -> int:  # Any: any of ctypes' integers
        self._call(function, *arguments, ctypes.byref(answer))
        return int(answer.value)

    def _call(self, function: str, *arguments: object) -> None:
        try:
            status = getattr(self._library, function)(*arguments)
        except AttributeError:
            raise MeterError(f"NVML: this driver has no {function}") from None
        if status != 0:
            raise MeterError(_refusal(function, status))


def _refusal(what: str, status: int) -> str:
    return f"NVML: {what} answers {_ERRORS.get(status, f'error {status}')}"
