"""Open the meter that a config asks for, or say why there is none."""

from pathlib import Path

from configs.energy import EnergyConfig
from workers.usage.core_seconds import CoreSeconds
from workers.usage.counter import AbstractCounter, MeterError
from workers.usage.host_meter import AbstractHostMeter, HostMeter, Sharing, UnmeteredHost
from workers.usage.nvml import nvml_counter
from workers.usage.nvml_library import open_nvml
from workers.usage.rapl import POWERCAP, Rapl

__all__ = ["open_counter", "open_host_meter", "why_no_counter"]


def open_host_meter(config: EnergyConfig, *, device: str, sharing: Sharing) -> AbstractHostMeter:
    """The meter of this host; one that only says why, where there is no source.

    Args:
        config: Which source, and how often it is sampled.
        device: Where the runs' tensors live.
        sharing: Whether runs may use the host at once.
    """
    try:
        counter = open_counter(config, device=device)
    except MeterError as error:
        return UnmeteredHost(str(error))
    return HostMeter(counter, sharing=sharing, period_s=config.period_s, idle_s=config.idle_s)


def why_no_counter(config: EnergyConfig, *, device: str) -> str | None:
    """Why this machine has no source such as a config asks for; None where it has one."""
    try:
        open_counter(config, device=device).close()
    except MeterError as error:
        return str(error)
    return None


def open_counter(config: EnergyConfig, *, device: str, powercap: Path = POWERCAP) -> AbstractCounter:
    """The source of energy that a config asks for.

    Raises:
        MeterError: If there is none, in a sentence that says why.
    """
    source = config.source
    if source == "auto":
        source = "rapl" if device == "cpu" else "nvml"
    match source:
        case "nvml":
            return nvml_counter(open_nvml())
        case "rapl":
            return Rapl(powercap)
        case "modelled":
            assert config.watts_per_core is not None, "the config requires it"
            return CoreSeconds(config.watts_per_core)
        case "zeus":
            from workers.usage.zeus_counter import ZeusCounter

            return ZeusCounter()
        case "codecarbon":
            from workers.usage.codecarbon_model import CodecarbonModel

            return CodecarbonModel()
        case "external":
            raise MeterError("the external meter's file is read when the runs have ended")
        case "none":
            raise MeterError("energy.source is none")
