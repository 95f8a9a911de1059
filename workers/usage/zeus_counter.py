"""Energy of the GPUs that Zeus knows how to read, such as AMD's."""

from typing import final

from workers.usage.counter import AbstractCounter, Label, MeterError, Moment

__all__ = ["ZeusCounter"]

_MJ_PER_J = 1e3
_NOT_INSTALLED = "zeus is not installed; on a machine with AMD GPUs and ROCm, `pip install zeus`"


@final
class ZeusCounter(AbstractCounter):
    """The sum of the total-energy counters that Zeus's device layer reads, through NVML or AMD SMI.

    Zeus is in no extra: it brings amdsmi, and Ray 2.59 fails to start where amdsmi is installed without ROCm's library.
    Its windows are not used: they may start processes of their own, and a window shorter than a counter's step is 0.

    Raises:
        MeterError: If Zeus is not installed, finds no GPU, or one of them has no counter.
    """

    name = "zeus energy counter"
    label = Label.MEASURED

    def __init__(self) -> None:
        try:
            from zeus.device import get_gpus
            from zeus.exception import ZeusBaseError
        except ImportError:
            raise MeterError(_NOT_INSTALLED) from None
        self._error: type[Exception] = ZeusBaseError
        try:
            self._gpus = get_gpus()
        except ZeusBaseError as error:
            raise MeterError(f"zeus finds no GPU: {error}") from None
        self.domains = tuple(f"gpu-{index}" for index in range(len(self._gpus)))
        self._read()

    def joules(self, moment: Moment) -> float:
        """See the base class."""
        del moment
        return self._read()

    def _read(self) -> float:
        try:
            counters = [self._gpus.get_total_energy_consumption(index) for index in range(len(self._gpus))]
        except self._error as error:
            raise MeterError(f"zeus reads no energy counter: {error}") from None
        return float(sum(counters)) / _MJ_PER_J
