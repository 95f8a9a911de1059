"""How the energy that runs use is found out."""

from typing import Literal, Self

from pydantic import Field, model_validator

from configs.frozen import FrozenConfig

__all__ = ["EnergyConfig", "EnergySource"]

EnergySource = Literal["auto", "nvml", "rapl", "zeus", "external", "modelled", "codecarbon", "none"]


class EnergyConfig(FrozenConfig):
    """Where joules come from. What is only modelled has to be asked for; nothing here changes what a run learns."""

    source: EnergySource = Field(
        default="auto",
        description=(
            "`auto` takes the best meter there is (nvml on a GPU, rapl on a CPU) and no model; `modelled` is "
            "core-seconds times `watts_per_core`, `codecarbon` that tool's model, `external` a meter's `file`."
        ),
    )
    watts_per_core: float | None = Field(
        default=None, gt=0, description="Watts of one busy core, an assumption of yours, for source `modelled`."
    )
    file: str | None = Field(
        default=None, min_length=1, description="CSV with the columns timestamp and watts, for source `external`."
    )
    clock_offset_s: float = Field(
        default=0.0, description="Seconds by which the clock of `file` is ahead of this machine's."
    )
    period_s: float = Field(default=1.0, ge=0.02, le=60, description="Seconds between two samples of the meter.")
    idle_s: float = Field(
        default=0.0, ge=0, le=600, description="Seconds of idling before each run, to measure idle power; 0 for none."
    )

    target_losses: tuple[float, ...] = Field(
        default=(), description="Held-out losses in nats for which energy and tokens to the first interval are told."
    )

    @model_validator(mode="after")
    def _source_has_what_it_needs(self) -> Self:
        for field, source, given in (
            ("watts_per_core", "modelled", self.watts_per_core),
            ("file", "external", self.file),
        ):
            if given is None and self.source == source:
                raise ValueError(f"source {source!r} needs {field}; set energy.{field}, or choose another source")
            if given is not None and self.source != source:
                raise ValueError(f"{field}={given} belongs to source {source!r}, not to {self.source!r}; leave it out")
        return self
