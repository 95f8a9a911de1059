"""CodeCarbon's model of a host's energy, for comparison with results that were made with it."""

from typing import final

from workers.usage.counter import AbstractCounter, Label, MeterError, Moment

__all__ = ["CodecarbonModel"]

_JOULES_PER_KWH = 3.6e6
_TASK = "seedscope"
_NEVER_S = 86_400  # its own timer is not needed: every sample of ours closes one of its tasks


@final
class CodecarbonModel(AbstractCounter):
    """CPU power = TDP x (0.1 + 0.9 load^3) by its table of processors, plus a constant for memory (codecarbon 3.3.2).

    Its offline tracker with a country given asks no network (watched with an audit hook) and saves no file. Sensors are
    left out on purpose, so that the label holds: it is a model of time and load.

    Raises:
        MeterError: If codecarbon is not installed.
    """

    name = "codecarbon load model"
    label = Label.MODELLED
    domains = ("cpu", "memory constant")

    def __init__(self) -> None:
        try:
            from codecarbon import OfflineEmissionsTracker
        except ImportError:
            raise MeterError("codecarbon is not installed; install seedscope[energy]") from None
        self._tracker = OfflineEmissionsTracker(
            country_iso_code="SWE",  # only its carbon, which is not read, depends on the country
            measure_power_secs=_NEVER_S,
            tracking_mode="machine",
            force_mode_cpu_load=True,
            gpu_ids=[],
            allow_multiple_runs=True,  # its lock file outlives a killed process; this meter is the host's only one
            save_to_file=False,
            log_level="error",
        )
        self._tracker.start_task(_TASK)
        self._joules = 0.0

    def joules(self, moment: Moment) -> float:
        """See the base class."""
        del moment
        done = self._tracker.stop_task(_TASK)
        self._tracker.start_task(_TASK)
        if done is None:
            raise MeterError("codecarbon gave no energy")
        self._joules += (done.cpu_energy + done.ram_energy) * _JOULES_PER_KWH
        return self._joules
