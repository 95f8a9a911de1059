"""List every field that a config has, with what it takes and what it is for."""

import inspect
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from configs.experiment import ExperimentConfig
from configs.field_kinds import kind_of, options_of

__all__ = ["ConfigField", "ConfigSection", "config_sections"]


@dataclass(frozen=True, slots=True)
class ConfigField:
    """One value of a config."""

    path: str
    """As `--set` takes it, such as `schedule.budget_tokens`."""
    kind: str
    """Which values it takes, in words."""
    options: tuple[Any, ...]
    """The values that are named one by one."""
    is_required: bool
    default: Any  # Any: plain values of any field; None where it is required
    description: str

    @property
    def section(self) -> str:
        """What stands before the name; empty outside all sections."""
        return self.path.rpartition(".")[0]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class ConfigSection:
    """Fields that stand together."""

    name: str
    """Empty for the fields outside all sections."""
    description: str
    fields: tuple[ConfigField, ...]


def config_sections() -> tuple[ConfigSection, ...]:
    """Every field of an experiment's config in the order of the code, those outside all sections first."""
    outside: list[ConfigField] = []
    sections: list[ConfigSection] = []
    for name, field in ExperimentConfig.model_fields.items():
        model = field.annotation
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            outside.append(_field(name, field=field))
            continue
        fields = tuple(_field(f"{name}.{inner}", field=its) for inner, its in model.model_fields.items())
        sections.append(ConfigSection(name, _first_paragraph(model), fields))
    return (ConfigSection("", _first_paragraph(ExperimentConfig), tuple(outside)), *sections)


def _field(path: str, *, field: FieldInfo) -> ConfigField:
    is_required = field.is_required()
    return ConfigField(
        path=path,
        kind=kind_of(field),
        options=options_of(field),
        is_required=is_required,
        default=None if is_required else to_jsonable_python(field.get_default(call_default_factory=True)),
        description=field.description or "",
    )


def _first_paragraph(model: type[BaseModel]) -> str:
    return " ".join(inspect.cleandoc(model.__doc__ or "").split("\n\n")[0].split())
