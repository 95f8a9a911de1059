"""The strictness that every section of a config shares."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

__all__ = ["FrozenConfig"]


class FrozenConfig(BaseModel):
    """A section of a config: immutable, no unknown fields, no NaN or infinity, true and false only for claims."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _booleans_are_no_numbers(cls, values: Any) -> Any:  # Any: whatever stood in the YAML file
        # YAML reads `yes` and `on` as true; as a number that would silently be 1.
        claims = {name for name, field in cls.model_fields.items() if field.annotation is bool}
        for name, value in values.items() if isinstance(values, dict) else ():
            if _holds_boolean(value) and name not in claims:
                raise ValueError(f"{name}={value} holds true or false, where a number or a word belongs; quote words")
        return values


def _holds_boolean(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, list | tuple) and any(map(_holds_boolean, value)))
