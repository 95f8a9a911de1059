"""Train the runs of a stack from their newest common interval to their last, measuring each."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import final

import numpy as np
from numpy.typing import NDArray

from configs.errors import NonFiniteLossError
from configs.experiment import ExperimentConfig
from workers.checkpoint import Inspection
from workers.corpus import Corpus
from workers.data_order import AbstractWindowOrder
from workers.failure_cause import failure_from
from workers.interval_keeper import IntervalEnd, IntervalKeeper
from workers.interval_meter import IntervalMeter
from workers.model import Llama, blank_model
from workers.points import Point, Reach, pass_by
from workers.records import Completed, FailureCause, IntervalRecord, Outcome, Report, SeedFailure, Stopped
from workers.seed_controls import data_order_of, initialization_seed_of
from workers.stack.open_trainer import open_stacked_trainer
from workers.stack.trainer import StackedTrainer
from workers.step_series import StepSeries
from workers.usage.host_meter import AbstractHostMeter, UnmeteredHost
from workers.usage.run_energy import RunEnergy

__all__ = ["StackedRuns"]

_REPORT_EVERY_S = 0.5  # between two looks at what the device has done


@final
class StackedRuns:
    """An iterator over what the runs of a stack have to tell, ending with the outcome of each.

    As `SeedRun`, for several runs of one condition at once. The stack always has as many places as the experiment
    says; one without a run trains the first run's seed again, unrecorded, so that no bit depends on who is in the
    stack. It ends when one of its runs fails: the others are told that they lost their worker, and whoever listens
    starts them again without it.

    Args:
        config: The experiment as resolved for the runs' condition; `placement.stack_runs` is decided.
        keepers: Of each run.
        corpus: Both token streams.
        clock: Monotonic seconds.
        reach: Told where the stack is.
        host_meter: Measures energy on this host; the runs have equal parts of it.
        open_trainer: As `open_stacked_trainer`.
    """

    def __init__(
        self,
        config: ExperimentConfig,
        *,
        keepers: Sequence[IntervalKeeper],
        corpus: Corpus,
        clock: Callable[[], float],
        reach: Reach = pass_by,
        host_meter: AbstractHostMeter | None = None,
        open_trainer: Callable[..., StackedTrainer] = open_stacked_trainer,
    ) -> None:
        self._config = config
        self._keepers = tuple(keepers)
        self._corpus = corpus
        self._clock = clock
        self._reach = reach
        self._energy = RunEnergy(host_meter or UnmeteredHost("no meter was given"))
        self._open = open_trainer
        self._is_stop_requested = False
        self._failed: dict[IntervalKeeper, SeedFailure] = {}

    def request_stop(self) -> None:
        """Ask the runs to end soon."""
        self._is_stop_requested = True

    def __iter__(self) -> Iterator[Report | Outcome]:
        try:
            yield from self._train()
        except Exception as error:  # noqa: BLE001, the worker's edge: whatever happened becomes a value
            yield from (failure_from(error, run=keeper.run, attempt=keeper.attempt) for keeper in self._keepers)

    def _train(self) -> Iterator[Report | Outcome]:
        found = [keeper.inspect() for keeper in self._keepers]
        for inspection in found:
            yield from inspection.damages
            yield from inspection.records
        if all(inspection.is_complete for inspection in found):
            yield from self._completed()
            return
        trainer = self._open_trainer()
        first_interval, elapsed_s = self._restore(trainer, found=found)
        meters = [IntervalMeter(self._clock, elapsed_s=seconds) for seconds in elapsed_s]
        model = blank_model(self._config.model, device=trainer.device, precision=self._config.precision)
        self._energy.begin()
        for interval in range(first_interval, self._config.schedule.num_intervals):
            yield from self._train_interval(interval, trainer=trainer, meters=meters)
            if not self._failed and trainer.num_steps < self._config.schedule.end_step(interval):
                yield from (Stopped(keeper.run, keeper.attempt, trainer.num_steps) for keeper in self._keepers)
                return
            if not self._failed:
                yield from self._finish_interval(interval, trainer=trainer, meters=meters, model=model)
            if self._failed:
                yield from self._end_failed()
                return
            for meter in meters:
                meter.begin_interval()
        yield from self._completed()

    def _completed(self) -> Iterator[Completed]:
        num_steps = self._config.schedule.num_steps
        for keeper, order in zip(self._keepers, self._orders(), strict=False):
            yield Completed(keeper.run, keeper.attempt, data_order_sha256=order.sha256(num_steps=num_steps))

    def _seeds(self) -> list[int]:
        """The seed of every place."""
        seeds = [keeper.run.seed for keeper in self._keepers]
        assert self._config.placement.stack_runs != "auto"
        return seeds + seeds[:1] * (self._config.placement.stack_runs - len(seeds))

    def _orders(self) -> list[AbstractWindowOrder]:
        num_train_tokens = len(self._corpus.train)
        return [data_order_of(self._config, seed=seed, num_train_tokens=num_train_tokens) for seed in self._seeds()]

    def _open_trainer(self) -> StackedTrainer:
        return self._open(
            self._config,
            initialization_seeds=[initialization_seed_of(self._config, seed=seed) for seed in self._seeds()],
            orders=self._orders(),
            stream=self._corpus.train,
        )

    def _restore(self, trainer: StackedTrainer, *, found: Sequence[Inspection]) -> tuple[int, list[float]]:
        """The first interval to train, and the seconds that each run had spent before it."""
        common = set.intersection(*(set(inspection.resumable) for inspection in found))
        if not common:
            return 0, [0.0] * len(found)
        interval = max(common)
        points = [
            keeper.checkpoints.read(inspection.resumable[interval])
            for keeper, inspection in zip(self._keepers, found, strict=True)
        ]
        filled = points + points[:1] * (trainer.num_seeds - len(points))
        trainer.restore(
            weights=[point.weights for point in filled],
            optimizers=[point.optimizer for point in filled],
            num_steps=points[0].record.step,
        )
        return interval + 1, [point.record.elapsed_s for point in points]

    def _train_interval(
        self, interval: int, *, trainer: StackedTrainer, meters: Sequence[IntervalMeter]
    ) -> Iterator[Report]:
        end_step = self._config.schedule.end_step(interval)
        num_steps = 1
        while trainer.num_steps < end_step and not self._is_stop_requested and not self._failed:
            first = trainer.num_steps
            before_s = self._clock()
            shown = trainer.take_steps(min(num_steps, end_step - first))
            duration_s = self._clock() - before_s
            self._reach(Point.STEP_TAKEN)
            self._note(shown.loss, shown.grad_norm, first=first, duration_s=duration_s, meters=meters)
            for index, (keeper, meter) in enumerate(zip(self._keepers, meters, strict=True)):
                yield keeper.progress(num_steps=trainer.num_steps, train_loss=float(shown.loss[-1, index]), meter=meter)
            step_s = max(duration_s, 1e-6) / len(shown.loss)
            num_steps = max(1, int(_REPORT_EVERY_S / step_s))

    def _note(
        self,
        losses: NDArray[np.float64],
        grad_norms: NDArray[np.float64],
        *,
        first: int,
        duration_s: float,
        meters: Sequence[IntervalMeter],
    ) -> None:
        last_step = first + len(losses) - 1
        rate = self._config.optimization.rate_at(last_step * self._config.schedule.tokens_per_step)
        is_finite = np.isfinite(losses) & np.isfinite(grad_norms)
        for index, (keeper, meter) in enumerate(zip(self._keepers, meters, strict=True)):
            series = StepSeries(loss_nats=losses[:, index], grad_norm=grad_norms[:, index])
            meter.add_steps(series, duration_s=duration_s, last_learning_rate=rate)
            if not is_finite[:, index].all():
                step = int(np.argmin(is_finite[:, index]))
                self._fail(
                    keeper,
                    NonFiniteLossError(
                        f"step {first + step + 1} gave loss={losses[step, index]} and gradient norm="
                        f"{grad_norms[step, index]}. Lower optimization.learning_rate or lengthen "
                        "optimization.warmup_tokens."
                    ),
                    step=first + step + 1,
                )

    def _finish_interval(
        self, interval: int, *, trainer: StackedTrainer, meters: Sequence[IntervalMeter], model: Llama
    ) -> Iterator[IntervalRecord | SeedFailure]:
        self._energy.end_training()
        ends: dict[IntervalKeeper, IntervalEnd] = {}
        for index, (keeper, meter) in enumerate(zip(self._keepers, meters, strict=True)):
            model.load_state_dict(trainer.device_weights_of(index), strict=False)
            try:
                scores = keeper.evaluate(model, num_steps=trainer.num_steps)
            except NonFiniteLossError as error:
                self._fail(keeper, error, step=trainer.num_steps)
                continue
            optimizer = trainer.optimizer_tensors_of(index) if keeper.keeps_resume_state(interval) else {}
            weights = trainer.weights_of(index)
            ends[keeper] = IntervalEnd(interval, trainer.num_steps, weights, optimizer, scores, meter)
        energy = self._energy.interval_energy(num_sharing=len(self._keepers))
        with ThreadPoolExecutor(max_workers=len(self._keepers)) as pool:
            staged = [pool.submit(keeper.stage, end, take_energy=lambda: energy) for keeper, end in ends.items()]
            yield from (future.result() for future in staged)

    def _fail(self, keeper: IntervalKeeper, error: Exception, *, step: int) -> None:
        self._failed[keeper] = failure_from(error, run=keeper.run, attempt=keeper.attempt, step=step)

    def _end_failed(self) -> Iterator[SeedFailure]:
        yield from self._failed.values()
        names = ", ".join(str(keeper.run) for keeper in self._failed)
        for keeper in self._keepers:
            if keeper not in self._failed:
                lost = RuntimeError(f"its stack ended with {names}; it goes on without")
                yield failure_from(lost, run=keeper.run, attempt=keeper.attempt, cause=FailureCause.LOST_WORKER)
