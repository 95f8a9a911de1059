"""A host's energy meter in a process of its own, and as the runs in other processes see it."""

from typing import Any, final

import ray

from configs.energy import EnergyConfig
from workers.usage.host_meter import AbstractHostMeter, Sharing, UnmeteredHost
from workers.usage.open_meter import open_host_meter
from workers.usage.window_energy import WindowEnergy

__all__ = ["HostMeterProcess", "RemoteHostMeter"]


@final
class HostMeterProcess:
    """Opens the meter where it runs and passes questions on to it."""

    def __init__(self, config: EnergyConfig, *, device: str, sharing: Sharing) -> None:
        self._meter = open_host_meter(config, device=device, sharing=sharing)

    def begin(self, pid: int) -> None:
        """See `AbstractHostMeter.begin`."""
        self._meter.begin(pid)

    def take(self, pid: int) -> WindowEnergy:
        """See `AbstractHostMeter.take`."""
        return self._meter.take(pid)


@final
class RemoteHostMeter(AbstractHostMeter):
    """Asks the node's meter; where it does not answer, the energy is unknown and the run goes on.

    Args:
        actor: Handle of the meter.
        patience_s: Seconds to wait for an answer.
    """

    def __init__(self, actor: Any, *, patience_s: float) -> None:
        self._actor = actor
        self._patience_s = patience_s
        self._why_lost: str | None = None

    def begin(self, pid: int) -> None:
        """See the base class."""
        self._ask("begin", pid)

    def take(self, pid: int) -> WindowEnergy:
        """See the base class."""
        answer: WindowEnergy | None = self._ask("take", pid)
        return UnmeteredHost(self._why_lost or "the meter gave no answer").take(pid) if answer is None else answer

    def close(self) -> None:
        """See the base class. The meter is shared; the executor ends it."""

    def _ask(self, method: str, pid: int) -> Any:
        if self._why_lost is not None:
            return None  # a meter that is gone does not come back, and no run waits for it again
        try:
            return ray.get(getattr(self._actor, method).remote(pid), timeout=self._patience_s)
        except (ray.exceptions.RayError, ray.exceptions.GetTimeoutError) as error:
            self._why_lost = f"the host's meter is gone: {type(error).__name__}"
            return None
