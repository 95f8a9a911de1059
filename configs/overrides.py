"""Set single fields of a config by their dotted names."""

from collections.abc import Mapping
from typing import Any

__all__ = ["with_dotted"]


def with_dotted(values: Mapping[str, Any], *, key: str, value: Any) -> dict[str, Any]:
    """A copy of nested `values` in which the field with the dotted name `key` is `value`.

    Args:
        values: Nested dictionaries, as read from YAML.
        key: For example `model.width`. Missing sections are created; a later validation names unknown ones.
        value: Anything that YAML can hold.

    Raises:
        ValueError: If a part of `key` before the last is not a section.
    """
    head, _, rest = key.partition(".")
    if not rest:
        return {**values, head: value}
    section = values.get(head, {})
    if not isinstance(section, Mapping):
        raise ValueError(f"{key} cannot be set, because {head}={section!r} is a value and not a section")
    return {**values, head: with_dotted(section, key=rest, value=value)}
