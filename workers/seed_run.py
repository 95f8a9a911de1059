"""Train one seed from its newest interval to its last, measuring as it goes."""

import math
from collections.abc import Callable, Iterator
from typing import final

from configs.errors import NonFiniteLossError
from configs.experiment import ExperimentConfig, SeedControl
from configs.run_paths import RunPaths
from workers.checkpoint import CheckpointDirectory, FileHashes, ResumePoint
from workers.corpus import Corpus
from workers.data_order import AbstractWindowOrder, window_order
from workers.evaluation import TokenScores, evaluate, evaluation_tokens
from workers.failure_cause import failure_from
from workers.interval_meter import IntervalMeter
from workers.model import build_model
from workers.passes import AbstractPasses
from workers.points import Point, Reach, pass_by
from workers.records import LARGEST_EXPONENT, Completed, IntervalRecord, Outcome, ProgressSample, Report, RunId, Stopped
from workers.store_choice import checkpoint_store
from workers.trainer import StepResult, Trainer
from workers.usage import WorkerPlace, peak_memory_bytes
from workers.usage.host_meter import AbstractHostMeter, UnmeteredHost
from workers.usage.run_energy import RunEnergy

__all__ = ["SeedRun", "data_order_of"]

_PROGRESS_EVERY_S = 1.0


def data_order_of(config: ExperimentConfig, *, seed: int, num_train_tokens: int) -> AbstractWindowOrder:
    """The order in which the run with `seed` reads its training stream."""
    return window_order(
        config.corpus.order,
        num_stream_tokens=num_train_tokens,
        context_length=config.model.context_length,
        windows_per_step=config.schedule.tokens_per_step // config.model.context_length,
        seed=_seed_of(config, "data_order", seed),
    )


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
        self._run = run
        self._attempt = attempt
        self._corpus = corpus
        self._place = place
        self._clock = clock
        self._known = known
        self._passes = passes
        self._reach = reach
        self._energy = RunEnergy(host_meter or UnmeteredHost("no meter was given"))
        self._checkpoints = CheckpointDirectory(
            checkpoint_store(config.checkpoints, paths=paths),
            run=run,
            attempt=attempt,
            model=config.model,
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
            yield failure_from(error, run=self._run, attempt=self._attempt, step=self._step)

    def _train(self) -> Iterator[Report | Outcome]:
        order = data_order_of(self._config, seed=self._run.seed, num_train_tokens=len(self._corpus.train))
        trainer = Trainer(
            build_model(
                self._config.model,
                seed=_seed_of(self._config, "initialization", self._run.seed),
                passes=self._passes,
                precision=self._config.precision,
            ),
            stream=self._corpus.train,
            order=order,
            optimization=self._config.optimization,
        )
        found = self._checkpoints.inspect(num_intervals=self._config.schedule.num_intervals, known=self._known)
        yield from found.damages
        yield from found.records
        newest = self._restore(trainer, newest=found.newest)
        meter = IntervalMeter(self._clock, elapsed_s=newest.elapsed_s if newest else 0.0)
        self._energy.begin()
        first_interval = newest.interval + 1 if newest else 0
        for interval in range(first_interval, self._config.schedule.num_intervals):
            yield from self._train_interval(interval, trainer=trainer, meter=meter)
            if self._is_stop_requested and trainer.num_steps < self._config.schedule.end_step(interval):
                yield Stopped(self._run, self._attempt, trainer.num_steps)
                return
            yield self._finish_interval(interval, trainer=trainer, meter=meter)
            meter.begin_interval()
        yield Completed(
            run=self._run,
            attempt=self._attempt,
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
                yield self._progress(trainer, step=step, meter=meter)
                next_sample_s = self._clock() + _PROGRESS_EVERY_S

    def _progress(self, trainer: Trainer, *, step: StepResult, meter: IntervalMeter) -> ProgressSample:
        return ProgressSample(
            condition=self._run.condition,
            seed=self._run.seed,
            attempt=self._attempt,
            step=trainer.num_steps,
            tokens=trainer.num_steps * trainer.tokens_per_step,
            train_loss=step.loss,
            tokens_per_s=meter.steps_per_s and meter.steps_per_s * trainer.tokens_per_step,
        )

    def _finish_interval(self, interval: int, *, trainer: Trainer, meter: IntervalMeter) -> IntervalRecord:
        self._energy.end_training()
        tokens = evaluation_tokens(
            self._corpus.validation,
            config=self._config.evaluation,
            context_length=self._config.model.context_length,
        )
        scores = evaluate(trainer.model, tokens=tokens)
        self._reach(Point.EVALUATED)
        if not math.isfinite(scores.mean_loss):
            raise NonFiniteLossError(
                f"the validation loss after step {trainer.num_steps} is {scores.mean_loss}; "
                "lower optimization.learning_rate or lengthen optimization.warmup_tokens."
            )
        return self._checkpoints.stage(
            interval,
            weights=dict(trainer.model.named_parameters()),
            optimizer=trainer.optimizer_tensors(),
            scores=scores,
            steps=meter.steps,
            make_record=lambda hashes: self._record(
                interval, trainer=trainer, meter=meter, scores=scores, hashes=hashes
            ),
        )

    def _record(
        self, interval: int, *, trainer: Trainer, meter: IntervalMeter, scores: TokenScores, hashes: FileHashes
    ) -> IntervalRecord:
        tokens = trainer.num_steps * trainer.tokens_per_step
        energy = self._energy.interval_energy()
        return IntervalRecord(
            condition=self._run.condition,
            seed=self._run.seed,
            interval=interval,
            step=trainer.num_steps,
            tokens=tokens,
            target_tokens=self._config.schedule.target_tokens(interval),
            passes=tokens / len(self._corpus.train),
            learning_rate=meter.last_learning_rate,
            train_loss=meter.mean_loss,
            val_loss=scores.mean_loss,
            val_loss_se=scores.mean_loss_se,
            val_ppl=math.exp(min(scores.mean_loss, LARGEST_EXPONENT)),
            grad_norm=meter.mean_grad_norm,
            num_evaluation_tokens=len(scores.loss_nats),
            attempt=self._attempt,
            tokens_per_s=meter.steps_per_s and meter.steps_per_s * trainer.tokens_per_step,
            elapsed_s=meter.elapsed_s,
            peak_memory_bytes=peak_memory_bytes(),
            energy_joules=energy.joules,
            energy_source=energy.source,
            energy_detail=energy.detail,
            threads=self._place.threads,
            interop_threads=self._place.interop_threads,
            cores=self._place.cores,
            cpu_model=self._place.cpu_model,
            host=self._place.host,
            weights_sha256=hashes.weights,
            tokens_file_sha256=hashes.tokens,
        )


def _seed_of(config: ExperimentConfig, control: SeedControl, seed: int) -> int:
    return seed if control in config.seed_controls else config.shared_seed
