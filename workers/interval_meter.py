"""Gather what the steps of one interval showed, and how long they took."""

import math
from collections.abc import Callable
from typing import final

import numpy as np

from workers.step_series import StepSeries
from workers.trainer import StepResult

__all__ = ["IntervalMeter"]


@final
class IntervalMeter:
    """Means over the steps of the current interval, and seconds since the run's first attempt began.

    Args:
        clock: Monotonic seconds.
        elapsed_s: Seconds that the run had spent when its resumed interval ended.
    """

    def __init__(self, clock: Callable[[], float], *, elapsed_s: float) -> None:
        self._clock = clock
        self._began_s = clock() - elapsed_s
        self.begin_interval()

    def begin_interval(self) -> None:
        """Forget the steps of the interval before."""
        self._losses: list[float] = []
        self._grad_norms: list[float] = []
        self._training_s = 0.0
        self.last_learning_rate: float | None = None

    def time_step(self, take_step: Callable[[], StepResult]) -> StepResult:
        """Take one step and note its result and duration."""
        before_s = self._clock()
        step = take_step()
        self._training_s += self._clock() - before_s
        self._losses.append(step.loss)
        self._grad_norms.append(step.grad_norm)
        self.last_learning_rate = step.learning_rate
        return step

    def add_steps(self, steps: StepSeries, *, duration_s: float, last_learning_rate: float) -> None:
        """Note steps that were taken elsewhere, in `duration_s` seconds altogether."""
        self._training_s += duration_s
        self._losses.extend(steps.loss_nats.tolist())
        self._grad_norms.extend(steps.grad_norm.tolist())
        self.last_learning_rate = last_learning_rate

    @property
    def steps(self) -> StepSeries:
        """Every step of the interval so far."""
        return StepSeries(
            loss_nats=np.array(self._losses, dtype=np.float64), grad_norm=np.array(self._grad_norms, dtype=np.float64)
        )

    @property
    def mean_loss(self) -> float | None:
        """Mean over steps in nats per token; None before a step. The sum is exact, so the order does not matter."""
        return math.fsum(self._losses) / len(self._losses) if self._losses else None

    @property
    def mean_grad_norm(self) -> float | None:
        """Mean over steps of the norm before clipping; None before a step."""
        return math.fsum(self._grad_norms) / len(self._grad_norms) if self._grad_norms else None

    @property
    def steps_per_s(self) -> float | None:
        """Steps per second of training time; None before a step."""
        return len(self._losses) / self._training_s if self._training_s > 0 else None

    @property
    def elapsed_s(self) -> float:
        """Seconds that all attempts at this run have spent."""
        return self._clock() - self._began_s
