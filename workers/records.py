"""The facts that leave a worker: plain, frozen, without tensors."""

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self

__all__ = [
    "LARGEST_EXPONENT",
    "SCHEMA_VERSION",
    "Completed",
    "Damage",
    "EnergyDetail",
    "FailureCause",
    "IntervalRecord",
    "Outcome",
    "ProgressSample",
    "Report",
    "RunId",
    "SeedFailure",
    "Stopped",
]

SCHEMA_VERSION = 1
LARGEST_EXPONENT = 20.0  # a perplexity beyond exp(20) is written as exp(20), as in the published study


class FailureCause(StrEnum):
    """Why an attempt ended before its time; each has a decision of its own."""

    NON_FINITE = "non-finite loss"
    OUT_OF_MEMORY = "out of memory"
    LOST_WORKER = "lost worker"
    DISK_FULL = "full disk"
    STORAGE = "unreachable checkpoints"
    DEFECT = "defect"


@dataclass(frozen=True, slots=True, order=True)
class RunId:
    """One seed under one condition."""

    condition: str
    seed: int

    def __str__(self) -> str:
        return f"{self.condition}/seed-{self.seed}"


@dataclass(frozen=True, slots=True)
class EnergyDetail:
    """What there is to know about the energy of one interval, beside its joules."""

    domains: tuple[str, ...]
    """Parts of the machine that were added up, such as `package-0`; empty without a meter."""
    training_joules: float | None
    """The part that the interval's steps used; the rest is evaluation and the keeping of records."""
    idle_joules: float | None
    """The part that the idle machine would have used; None without an idle baseline."""
    began_at: float
    """Unix seconds at which the interval's window began."""
    duration_s: float
    period_s: float | None
    """Seconds between two samples, nominally; None without a meter."""
    num_samples: int
    largest_gap_s: float
    foreign_cpu_share: float | None
    """Share of the host's CPU time that processes other than its runs used; their energy is in the joules."""
    num_sharing: int
    """Runs of the same process among which the energy was divided in equal parts."""
    note: str | None
    """Why there are no joules, or what to mistrust about them."""

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return asdict(self) | {"domains": list(self.domains)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The detail as it stands in a record's dictionary.

        Raises:
            ValueError: If the fields are others.
        """
        _require_fields(cls, values)
        return cls(**(values | {"domains": tuple(values["domains"])}))


@dataclass(frozen=True, slots=True)
class IntervalRecord:
    """What one run measured at the end of one interval.

    What `learning` returns depends on the config, the seed, the thread count, the torch version and the kind of CPU
    alone; the rest is usage: how the machine did.
    """

    condition: str
    seed: int
    interval: int
    step: int
    tokens: int
    target_tokens: int
    passes: float
    """Tokens seen over unique training tokens."""
    learning_rate: float | None
    """Rate of the last step taken; None at interval 0, where no step was taken."""
    train_loss: float | None
    """Mean over the interval's steps, in nats per token; None at interval 0."""
    val_loss: float
    """Mean next-token cross entropy over the evaluation tokens, in nats per token."""
    val_loss_se: float
    """Standard error of `val_loss` over the evaluation tokens, in nats: SD / sqrt(num_evaluation_tokens)."""
    val_ppl: float
    """exp(min(val_loss, 20))."""
    grad_norm: float | None
    """Mean over the interval's steps of the global gradient norm before clipping; None at interval 0."""
    num_evaluation_tokens: int
    attempt: int
    tokens_per_s: float | None
    """Training tokens per second of training time in this interval; None at interval 0."""
    elapsed_s: float
    """Seconds that all attempts at this run have spent, on a monotonic clock, without the pauses between them."""
    peak_memory_bytes: int | None
    """Largest resident size of the worker process so far; None where the platform does not tell."""
    energy_joules: float | None
    """Energy of this interval's training and evaluation, idle power included; None where unknown."""
    energy_source: str | None
    """Label and source, such as `measured: rapl`; None where the energy is unknown."""
    threads: int
    interop_threads: int
    cores: tuple[int, ...]
    """Cores that every thread of the process was found on; empty where affinity does not exist."""
    cpu_model: str
    host: str
    weights_sha256: str
    tokens_file_sha256: str
    schema_version: int = SCHEMA_VERSION
    energy_detail: EnergyDetail | None = None

    @property
    def run(self) -> RunId:
        """The run that this record belongs to."""
        return RunId(self.condition, self.seed)

    def learning(self) -> dict[str, Any]:
        """The fields that a replay must reproduce bit for bit."""
        return {name: value for name, value in asdict(self).items() if name not in _USAGE}

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        detail = None if self.energy_detail is None else self.energy_detail.to_dict()
        return asdict(self) | {"cores": list(self.cores), "energy_detail": detail}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The record that `to_dict` wrote.

        Raises:
            ValueError: If the fields are not those of this schema version.
        """
        values = _ADDED_LATER | values
        _require_fields(cls, values)
        if values["schema_version"] != SCHEMA_VERSION:
            raise ValueError(_refusal(f"schema_version={values['schema_version']}"))
        detail = values["energy_detail"]
        return cls(
            **(
                values
                | {
                    "cores": tuple(values["cores"]),
                    "energy_detail": None if detail is None else EnergyDetail.from_dict(detail),
                }
            )
        )


def _require_fields(cls: type[IntervalRecord | EnergyDetail], values: dict[str, Any]) -> None:
    differing = sorted(values.keys() ^ {field.name for field in fields(cls)})
    if differing:
        raise ValueError(_refusal(", ".join(differing)))


def _refusal(differing: str) -> str:
    return f"not a record of schema version {SCHEMA_VERSION}: {differing} differ"


# What the records of earlier run directories lack.
_ADDED_LATER: dict[str, Any] = {"energy_detail": None}

_USAGE = frozenset(
    {
        "attempt",
        "tokens_per_s",
        "elapsed_s",
        "peak_memory_bytes",
        "energy_joules",
        "energy_source",
        "energy_detail",
        "threads",
        "interop_threads",
        "cores",
        "cpu_model",
        "host",
    }
)


@dataclass(frozen=True, slots=True)
class ProgressSample:
    """Where a run stands between two intervals; shown, never analysed."""

    condition: str
    seed: int
    attempt: int
    step: int
    tokens: int
    train_loss: float | None
    """Loss of the latest step, in nats per token."""
    tokens_per_s: float | None

    @property
    def run(self) -> RunId:
        """The run that this sample belongs to."""
        return RunId(self.condition, self.seed)


@dataclass(frozen=True, slots=True)
class Damage:
    """A checkpoint or resume state that does not hold what its checksums promise, found before going on."""

    run: RunId
    attempt: int
    interval: int
    part: str
    """A `CheckpointPart`."""
    message: str


@dataclass(frozen=True, slots=True)
class Completed:
    """A run that reached its last interval."""

    run: RunId
    attempt: int
    data_order_sha256: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """A run that was asked to stop and did so; it can be resumed."""

    run: RunId
    attempt: int
    step: int


@dataclass(frozen=True, slots=True)
class SeedFailure:
    """A run that could not go on."""

    run: RunId
    attempt: int
    cause: FailureCause
    kind: str
    """The class of the error, such as `NonFiniteLossError`."""
    message: str
    traceback: str
    step: int | None


Report = IntervalRecord | ProgressSample | Damage
Outcome = Completed | Stopped | SeedFailure
