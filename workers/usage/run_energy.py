"""Meter one run, interval by interval."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from workers.records import EnergyDetail
from workers.usage.host_meter import AbstractHostMeter
from workers.usage.window_energy import WindowEnergy

__all__ = ["IntervalEnergy", "RunEnergy"]


@dataclass(frozen=True, slots=True)
class IntervalEnergy:
    """What a record tells of the energy of one interval."""

    joules: float | None
    source: str | None
    detail: EnergyDetail


@final
class RunEnergy:
    """Forces a sample at every edge: of the run, of each interval's training, and of its evaluation.

    An interval's energy is all that was used since the interval before ended: training, evaluation and the keeping of
    the record before. Steps that a failure lost are in no interval.

    Args:
        meter: The host's meter.
        synchronize: Waits until the device has done all that it was given, so that an edge lies where it should.
    """

    def __init__(self, meter: AbstractHostMeter, *, synchronize: Callable[[], None] = lambda: None) -> None:
        self._meter = meter
        self._synchronize = synchronize
        self._pid = os.getpid()
        self._training: WindowEnergy | None = None

    def begin(self) -> None:
        """The run starts; call it before the first step of an attempt."""
        self._synchronize()
        self._training = None
        self._meter.begin(self._pid)

    def end_training(self) -> None:
        """The steps of the interval are done; what follows is evaluation."""
        self._synchronize()
        self._training = self._meter.take(self._pid)

    def interval_energy(self, *, num_sharing: int = 1) -> IntervalEnergy:
        """The interval is over; the next one starts here.

        Args:
            num_sharing: Runs that this process trains together, such as seeds stacked on one GPU. Each has an equal
                part. Call it once per interval and give every one of them the answer.
        """
        self._synchronize()
        evaluation = self._meter.take(self._pid)
        training, self._training = self._training, None
        whole = evaluation if training is None else training.followed_by(evaluation)
        share = whole.divided_by(num_sharing)
        steps = None if training is None else training.divided_by(num_sharing)
        return IntervalEnergy(
            joules=share.joules,
            source=None if share.joules is None else share.source,
            detail=EnergyDetail(
                domains=share.domains,
                training_joules=None if steps is None else steps.joules,
                idle_joules=share.idle_joules,
                began_at=share.began_at,
                duration_s=share.duration_s,
                period_s=share.period_s,
                num_samples=share.num_samples,
                largest_gap_s=share.largest_gap_s,
                foreign_cpu_share=share.foreign_cpu_share,
                num_sharing=num_sharing,
                note=share.note,
            ),
        )
