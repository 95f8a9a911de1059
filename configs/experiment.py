"""All that one experiment is asked to be."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from configs.checkpoints import CheckpointsConfig
from configs.corpus import CorpusConfig
from configs.energy import EnergyConfig
from configs.evaluation import EvaluationConfig
from configs.explain import explain
from configs.frozen import FrozenConfig
from configs.model import ModelConfig
from configs.nearest import nearest
from configs.optimization import OptimizationConfig
from configs.overrides import with_dotted
from configs.placement import PlacementConfig
from configs.precision import Precision
from configs.probe import ProbeConfig
from configs.recovery import RecoveryConfig
from configs.schedule import ScheduleConfig
from configs.telemetry import TelemetryConfig

__all__ = ["BASE_CONDITION", "ExperimentConfig", "SeedControl", "decides_results"]

BASE_CONDITION = "base"
SeedControl = Literal["initialization", "data_order"]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
# Names become directories; the pattern leaves no way out of the run directory.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$", max_length=64)]
OverrideValue = Any  # a value of any field; `for_condition` validates it as that field's

# What may differ between conditions: the corpus and its tokenizer are shared, so that losses compare.
_CONDITION_SECTIONS = ("model", "optimization", "schedule")
_SHARED_FIELDS = ("model.vocab_size", "model.directory", "model.weights_sha256", "model.end_id")
# Sections and fields that no learning column depends on, or that the fingerprint of the corpus or weights stands for.
_DECIDING_NOTHING = (
    *("name", "telemetry", "recovery", "energy", "probe", "checkpoints"),
    *("corpus.source", "corpus.train", "corpus.validation", "corpus.text_column"),
    *("corpus.dataset", "corpus.dataset_revision", "corpus.reference_train_tokens"),
    *("placement.max_concurrent_runs", "placement.run_order", "placement.run_order_seed"),
    "model.directory",
)


class ExperimentConfig(FrozenConfig):
    """Seeds, conditions and everything that a run needs to know, validated as a whole."""

    name: Name = Field(description="Of the experiment and its directory: letters, digits, `_`, `-`, dots inside.")
    seeds: tuple[Seed, ...] = Field(min_length=1, description="One run for each, under every condition.")
    seed_controls: tuple[SeedControl, ...] = Field(
        default=("initialization", "data_order"), min_length=1, description="What a seed changes."
    )
    shared_seed: Seed = Field(default=0, description="Seed of whatever `seed_controls` does not name.")
    model: ModelConfig
    corpus: CorpusConfig
    optimization: OptimizationConfig
    schedule: ScheduleConfig
    evaluation: EvaluationConfig
    precision: Precision = Field(default=Precision.FP32, description="Of matrix products, the same in all runs.")
    telemetry: TelemetryConfig = TelemetryConfig()
    placement: PlacementConfig = PlacementConfig()
    recovery: RecoveryConfig = RecoveryConfig()
    energy: EnergyConfig = EnergyConfig()
    probe: ProbeConfig = ProbeConfig()
    checkpoints: CheckpointsConfig = CheckpointsConfig()
    conditions: dict[Name, dict[str, OverrideValue]] = Field(
        default={}, description="Named overrides of the sections model, optimization and schedule."
    )

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        _reject_duplicates("seeds", self.seeds)
        _reject_duplicates("seed_controls", self.seed_controls)
        if "data_order" in self.seed_controls and self.corpus.order == "sequential":
            raise ValueError(
                "seed_controls names data_order, but corpus.order=sequential is the same for every seed; "
                "set corpus.order=shuffled or seed_controls=[initialization]"
            )
        if self.precision in (Precision.TF32, Precision.FP16X3) and self.placement.device == "cpu":
            raise ValueError(
                f"precision={self.precision} is a way of GPUs, but placement.device=cpu; "
                "set precision=fp32 or placement.device=cuda"
            )
        if "initialization" in self.seed_controls and self.model.directory is not None:
            raise ValueError(
                "seed_controls names initialization, but every run begins with the weights in model.directory; "
                "set seed_controls=[data_order]"
            )
        self._windows_fit()
        _reject_duplicates("conditions (apart from case)", tuple(name.lower() for name in self.conditions))
        for name in self.conditions:
            self._require_possible(name)
        return self

    def _require_possible(self, condition: str) -> None:
        try:
            self.for_condition(condition)
        except ValidationError as error:
            raise ValueError(f"conditions.{condition}: {explain(error, type(self))}") from None

    def _windows_fit(self) -> None:
        length = self.model.context_length
        for field, tokens in (
            ("schedule.tokens_per_step", self.schedule.tokens_per_step),
            ("evaluation.tokens", self.evaluation.tokens),
        ):
            if tokens % length:
                raise ValueError(
                    f"{field}={tokens} is not a whole number of windows of model.context_length={length}; "
                    f"choose a multiple of {length}"
                )

    @property
    def condition_names(self) -> tuple[str, ...]:
        """Every condition, in the order of the config; `base` where none is named."""
        return tuple(self.conditions) or (BASE_CONDITION,)

    def for_condition(self, condition: str) -> "ExperimentConfig":
        """The config that the runs under `condition` follow: overrides applied, no conditions left.

        Raises:
            KeyError: If there is no such condition.
            ValueError: If an override does not fit.
        """
        values = self.model_dump(mode="json") | {"conditions": {}}
        if not self.conditions and condition == BASE_CONDITION:
            return type(self).model_validate(values)
        for key, value in self.conditions[condition].items():
            _require_overridable(key, condition=condition, model=self.model)
            try:
                values = with_dotted(values, key=key, value=value)
            except ValueError as error:
                raise ValueError(f"conditions.{condition}: {error}") from None
        return type(self).model_validate(values)

    def to_dict(self) -> dict[str, Any]:
        """A JSON- and YAML-ready dictionary of every field."""
        return self.model_dump(mode="json")

    def with_weights(self, sha256: str) -> "ExperimentConfig":
        """The same experiment with it known which weights `model.directory` holds."""
        return self._with("model", weights_sha256=sha256)

    def with_placement(self, **decided: Any) -> "ExperimentConfig":
        """The same experiment with some fields of `placement` decided."""
        return self._with("placement", **decided)

    def _with(self, section: str, **changes: Any) -> "ExperimentConfig":
        values = self.to_dict()
        return type(self).model_validate(values | {section: values[section] | changes})

    @property
    def fingerprint(self) -> str:
        """sha256 of what decides the results, apart from the text itself.

        Names, file paths, telemetry thresholds, the number and the order of runs are left out: they change no learning
        column. The text is told apart by the corpus fingerprint.
        """
        values = self.to_dict()
        for field in _DECIDING_NOTHING:
            section, _, name = field.rpartition(".")
            del (values[section] if section else values)[name]
        # What is as it was before there was a choice is left out, so that older run directories stay valid.
        if self.schedule.spacing == "even":
            del values["schedule"]["spacing"]
        if self.precision is Precision.FP32:
            del values["precision"]
        if self.placement.kernels != "compiled":
            del values["placement"]["kernels"]
        if self.placement.stack_runs in ("auto", 1):
            del values["placement"]["stack_runs"]
        if self.placement.tokens_at_once is None:
            del values["placement"]["tokens_at_once"]
        values["model"] = _without_defaults_of_later(self.model)
        return _canonical_sha256(values)


def decides_results(field: str) -> bool:
    """Whether a field, by its dotted name, is part of the fingerprint."""
    return field not in _DECIDING_NOTHING and field.partition(".")[0] not in _DECIDING_NOTHING


def _without_defaults_of_later(model: ModelConfig) -> dict[str, Any]:
    """The shape, and which weights it begins with wherever they lie; what was always so before is left out."""
    values = model.model_dump(mode="json", exclude={"directory"})
    if model.num_key_value_heads == model.num_heads:
        del values["num_kv_heads"]
    if model.tied_head:
        del values["tied_head"]
    for name in ("weights_sha256", "end_id"):
        if values[name] is None:
            del values[name]
    return values


def _require_overridable(key: str, *, condition: str, model: ModelConfig) -> None:
    section, dot, _ = key.partition(".")
    if model.directory is not None and section == "model" and key != "model.context_length":
        raise ValueError(
            f"conditions.{condition} cannot override {key}, since model.directory gives the model; "
            "of the section model only model.context_length may differ"
        )
    if section in _CONDITION_SECTIONS and dot and key not in _SHARED_FIELDS:
        return
    guess = nearest(section, _CONDITION_SECTIONS)
    is_misspelt = section not in _CONDITION_SECTIONS and guess is not None
    hint = (
        f"did you mean {guess}{key.removeprefix(section)}?"
        if is_misspelt
        else (
            f"conditions may differ in fields of {', '.join(_CONDITION_SECTIONS)} (but not in model.vocab_size), "
            "each written as section.field"
        )
    )
    raise ValueError(f"conditions.{condition} cannot override {key}; {hint}")


def _reject_duplicates(field: str, values: tuple[int | str, ...]) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise ValueError(f"{field} holds {value} twice; name each once")


def _canonical_sha256(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
