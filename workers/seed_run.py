"""Train one seed from its newest interval to its last, measuring as it goes."""

from collections.abc import Callable, Iterator
from typing import final

from configs.experiment import ExperimentConfig
from configs.run_paths import RunPaths
from workers.checkpoint import ResumePoint
from workers.corpus import Corpus
from workers.data_order import AbstractWindowOrder
from workers.failure_cause import failure_from
from workers.interval_keeper import IntervalEnd, IntervalKeeper
from workers.interval_meter import IntervalMeter
from workers.open_trainer import open_trainer
from workers.passes import AbstractPasses
from workers.points import Point, Reach, pass_by
from workers.records import Completed, IntervalRecord, Outcome, ProgressSample, Report, RunId, Stopped
from workers.seed_controls import data_order_of, initialization_seed_of
from workers.trainer import Trainer
from workers.usage import WorkerPlace
from workers.usage.host_meter import AbstractHostMeter, UnmeteredHost
from workers.usage.run_energy import RunEnergy

__all__ = ["SeedRun"]

_PROGRESS_EVERY_S = 1.0


@final
class SeedRun:
    """An iterator over what one run has to tell, ending with its outcome.

    What is damaged on disk comes first, then the records of intervals that are whole, so that whoever listens misses
    none. A new record is yielded when its checkpoint is staged; the listener publishes it and keeps the record before
    it asks for more, and only then is the next step taken. No error leaves the iterator: a failure is its last value.

    Args:
        config: The experiment as resolved for the run's condition.
        run: Condition and seed.
        attempt: Which try at this run this is.
        corpus: Both token streams.
        paths: The run directory.
        place: Where this process runs, for the record.
        clock: Monotonic seconds.
        known: Intervals whose record the ledger has.
        passes: What computes between the model's products; torch where it is not given.
        reach: Told where the run is.
        host_meter: Measures energy on this host; None leaves it unknown.
    """

    def __init__(
        self,
        config: ExperimentConfig,
        *,
        run: RunId,
        attempt: int,
        corpus: Corpus,
        paths: RunPaths,
        place: WorkerPlace,
        clock: Callable[[], float],
        known: frozenset[int] = frozenset(),
        passes: AbstractPasses | None = None,
        reach: Reach = pass_by,
        host_meter: AbstractHostMeter | None = None,
    ) -> None:
        self._config = config
        self._corpus = corpus
        self._clock = clock
        self._passes = passes
        self._reach = reach
        self._energy = RunEnergy(host_meter or UnmeteredHost("no meter was given"))
        self._keeper = IntervalKeeper(
            config,
            run=run,
            attempt=attempt,
            corpus=corpus,
            paths=paths,
            place=place,
            known=known,
            reach=reach,
        )
        self._is_stop_requested = False
        self._step: int | None = None

    def request_stop(self) -> None:
        """Ask the run to end after the step that it is taking."""
        self._is_stop_requested = True

    def __iter__(self) -> Iterator[Report | Outcome]:
        try:
            yield from self._train()
        except Exception as error:  # noqa: BLE001, the worker's edge: whatever happened becomes a value
            yield failure_from(error, run=self._keeper.run, attempt=self._keeper.attempt, step=self._step)

    def _train(self) -> Iterator[Report | Outcome]:
        seed = self._keeper.run.seed
        order = data_order_of(self._config, seed=seed, num_train_tokens=len(self._corpus.train))
        found = self._keeper.inspect()
        yield from found.damages
        yield from found.records
        if found.is_complete:
            yield self._completed(order)
            return
        trainer = open_trainer(
            self._config,
            initialization_seed=initialization_seed_of(self._config, seed=seed),
            order=order,
            stream=self._corpus.train,
            passes=self._passes,
        )
        newest = self._restore(trainer, newest=found.newest)
        meter = IntervalMeter(self._clock, elapsed_s=newest.elapsed_s if newest else 0.0)
        self._energy.begin()
        first_interval = newest.interval + 1 if newest else 0
        for interval in range(first_interval, self._config.schedule.num_intervals):
            yield from self._train_interval(interval, trainer=trainer, meter=meter)
            if self._is_stop_requested and trainer.num_steps < self._config.schedule.end_step(interval):
                yield Stopped(self._keeper.run, self._keeper.attempt, trainer.num_steps)
                return
            yield self._finish_interval(interval, trainer=trainer, meter=meter)
            meter.begin_interval()
        yield self._completed(order)

    def _completed(self, order: AbstractWindowOrder) -> Completed:
        return Completed(
            run=self._keeper.run,
            attempt=self._keeper.attempt,
            data_order_sha256=order.sha256(num_steps=self._config.schedule.num_steps),
        )

    def _restore(self, trainer: Trainer, *, newest: ResumePoint | None) -> IntervalRecord | None:
        if newest is None:
            return None
        trainer.restore(weights=newest.weights, optimizer=newest.optimizer, num_steps=newest.record.step)
        return newest.record

    def _train_interval(self, interval: int, *, trainer: Trainer, meter: IntervalMeter) -> Iterator[ProgressSample]:
        end_step = self._config.schedule.end_step(interval)
        next_sample_s = self._clock() + _PROGRESS_EVERY_S
        while trainer.num_steps < end_step and not self._is_stop_requested:
            self._step = trainer.num_steps + 1
            step = meter.time_step(trainer.take_step)
            self._reach(Point.STEP_TAKEN)
            if self._clock() >= next_sample_s:
                yield self._keeper.progress(num_steps=trainer.num_steps, train_loss=step.loss, meter=meter)
                next_sample_s = self._clock() + _PROGRESS_EVERY_S

    def _finish_interval(self, interval: int, *, trainer: Trainer, meter: IntervalMeter) -> IntervalRecord:
        self._energy.end_training()
        end = IntervalEnd(
            interval=interval,
            num_steps=trainer.num_steps,
            weights=dict(trainer.model.named_parameters()),
            optimizer=trainer.optimizer_tensors() if self._keeper.keeps_resume_state(interval) else {},
            scores=self._keeper.evaluate(trainer.model, num_steps=trainer.num_steps),
            meter=meter,
        )
        return self._keeper.stage(end, take_energy=self._energy.interval_energy)
