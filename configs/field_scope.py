"""Find out what a field of a config decides: another experiment, or another condition of the same one."""

import warnings
from typing import Any

from pydantic import ValidationError

from configs.experiment import ExperimentConfig
from configs.fields import ConfigField

__all__ = ["is_in_fingerprint", "may_differ"]


def is_in_fingerprint(field: ConfigField, *, config: ExperimentConfig) -> bool:
    """Whether another value of this field makes `config` another experiment."""
    others = (*field.options, "another")
    return any(_fingerprint_with(other, field, config=config) != config.fingerprint for other in others)


def may_differ(field: ConfigField, *, config: ExperimentConfig) -> bool:
    """Whether conditions may override this field of `config`, which has no conditions."""
    values = config.to_dict()
    value = values[field.section][field.name] if field.section else values[field.name]
    try:
        ExperimentConfig.model_validate({**values, "conditions": {"same": {field.path: value}}})
    except ValidationError:
        return False
    return True


def _fingerprint_with(value: Any, field: ConfigField, *, config: ExperimentConfig) -> str:  # Any: of any field
    # Few fields can be changed alone, and the value only has to be another one: hence nothing is validated.
    changed = {field.name: value}
    if field.section:
        changed = {field.section: getattr(config, field.section).model_copy(update=changed)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydantic warns of a word among numbers
        return config.model_copy(update=changed).fingerprint
