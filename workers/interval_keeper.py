"""Turn the end of a run's interval into a staged checkpoint and its record."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from torch import Tensor

from configs.errors import NonFiniteLossError
from configs.experiment import ExperimentConfig
from configs.run_paths import RunPaths
from workers.checkpoint import CheckpointDirectory, FileHashes, Inspection
from workers.corpus import Corpus
from workers.evaluation import TokenScores, evaluate, evaluation_tokens
from workers.interval_meter import IntervalMeter
from workers.model import Llama
from workers.points import Point, Reach, pass_by
from workers.records import LARGEST_EXPONENT, IntervalRecord, ProgressSample, RunId
from workers.store_choice import checkpoint_store
from workers.usage import WorkerPlace, peak_memory_bytes
from workers.usage.run_energy import IntervalEnergy

__all__ = ["IntervalEnd", "IntervalKeeper"]


@dataclass(frozen=True, slots=True)
class IntervalEnd:
    """What training has arrived at."""

    interval: int
    num_steps: int
    weights: dict[str, Tensor]
    """Under the names of `Llama.named_parameters`, on the CPU."""
    optimizer: dict[str, Tensor]
    """As `Trainer.optimizer_tensors` names them, on the CPU."""
    scores: TokenScores
    meter: IntervalMeter


@final
class IntervalKeeper:
    """Measures and stages one run's intervals, whoever trains it.

    Args:
        config: The experiment as resolved for the run's condition.
        run: Condition and seed.
        attempt: Which try at this run this is.
        corpus: Both token streams.
        paths: The run directory.
        place: Where this process runs, for the record.
        known: Intervals whose record the ledger has.
        reach: Told where the run is.
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
        known: frozenset[int] = frozenset(),
        reach: Reach = pass_by,
    ) -> None:
        self.run = run
        self.attempt = attempt
        self._config = config
        self._corpus = corpus
        self._place = place
        self._known = known
        self._reach = reach
        self.checkpoints = CheckpointDirectory(
            checkpoint_store(config.checkpoints, paths=paths),
            run=run,
            attempt=attempt,
            model=config.model,
            num_intervals=config.schedule.num_intervals,
            config=config.checkpoints,
            reach=reach,
        )

    def inspect(self) -> Inspection:
        """See `CheckpointDirectory.inspect`."""
        return self.checkpoints.inspect(known=self._known)

    def keeps_resume_state(self, interval: int) -> bool:
        """Whether the optimizer's moments are asked for at the end of this interval."""
        num_intervals = self._config.schedule.num_intervals
        return self._config.checkpoints.keeps_resume_state(interval, num_intervals=num_intervals)

    def evaluate(self, model: Llama, *, num_steps: int) -> TokenScores:
        """Measure the model on the evaluation tokens.

        Raises:
            NonFiniteLossError: If the mean loss is not finite.
        """
        tokens = evaluation_tokens(
            self._corpus.validation,
            config=self._config.evaluation,
            context_length=self._config.model.context_length,
        )
        scores = evaluate(model, tokens=tokens, device=model.embedding.weight.device)
        self._reach(Point.EVALUATED)
        if not math.isfinite(scores.mean_loss):
            raise NonFiniteLossError(
                f"the validation loss after step {num_steps} is {scores.mean_loss}; "
                "lower optimization.learning_rate or lengthen optimization.warmup_tokens."
            )
        return scores

    def stage(self, end: IntervalEnd, *, take_energy: Callable[[], IntervalEnergy]) -> IntervalRecord:
        """Write the interval's files under names that only this attempt uses.

        Args:
            end: What was arrived at.
            take_energy: Tells the interval's energy; called last, so that the writing counts.
        """
        return self.checkpoints.stage(
            end.interval,
            weights=end.weights,
            optimizer=end.optimizer,
            scores=end.scores,
            steps=end.meter.steps,
            make_record=lambda hashes: self._record(end, hashes=hashes, energy=take_energy()),
        )

    def progress(self, *, num_steps: int, train_loss: float, meter: IntervalMeter) -> ProgressSample:
        """Where the run stands."""
        return ProgressSample(
            condition=self.run.condition,
            seed=self.run.seed,
            attempt=self.attempt,
            step=num_steps,
            tokens=num_steps * self._tokens_per_step,
            train_loss=train_loss,
            tokens_per_s=self._tokens_per_s(meter),
        )

    @property
    def _tokens_per_step(self) -> int:
        return self._config.schedule.tokens_per_step

    def _tokens_per_s(self, meter: IntervalMeter) -> float | None:
        return meter.steps_per_s and meter.steps_per_s * self._tokens_per_step

    def _record(self, end: IntervalEnd, *, hashes: FileHashes, energy: IntervalEnergy) -> IntervalRecord:
        tokens = end.num_steps * self._tokens_per_step
        return IntervalRecord(
            condition=self.run.condition,
            seed=self.run.seed,
            interval=end.interval,
            step=end.num_steps,
            tokens=tokens,
            target_tokens=self._config.schedule.target_tokens(end.interval),
            passes=tokens / len(self._corpus.train),
            learning_rate=end.meter.last_learning_rate,
            train_loss=end.meter.mean_loss,
            val_loss=end.scores.mean_loss,
            val_loss_se=end.scores.mean_loss_se,
            val_ppl=math.exp(min(end.scores.mean_loss, LARGEST_EXPONENT)),
            grad_norm=end.meter.mean_grad_norm,
            num_evaluation_tokens=len(end.scores.loss_nats),
            attempt=self.attempt,
            tokens_per_s=self._tokens_per_s(end.meter),
            elapsed_s=end.meter.elapsed_s,
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
