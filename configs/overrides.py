"""Set and compare single fields of a config by their dotted names."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["differing_fields", "dotted", "with_dotted"]


def differing_fields(one: Mapping[str, Any], other: Mapping[str, Any], *, section: str = "") -> Iterator[str]:
    """The dotted names of the fields that differ, in the order of `one`.

    Args:
        one: Nested dictionaries, as a config writes them.
        other: Of the same config, so with the same fields.
        section: Under which both stand, with its dot; empty for whole configs.
    """
    for name, value in one.items():
        if isinstance(value, Mapping) and isinstance(other[name], Mapping) and value.keys() == other[name].keys():
            yield from differing_fields(value, other[name], section=f"{section}{name}.")
        elif value != other[name]:
            yield f"{section}{name}"


def dotted(values: Mapping[str, Any], *, key: str) -> Any:  # Any: a value of any field
    """The value of the field with the dotted name `key` in nested `values`."""
    section, dot, rest = key.partition(".")
    return dotted(values[section], key=rest) if dot else values[section]


def with_dotted(values: Mapping[str, Any], *, key: str, value: Any) -> dict[str, Any]:
    """A copy of nested `values` in which the field with the dotted name `key` is `value`.

    Args:
        values: Nested dictionaries, as read from YAML.
        key: For example `model.width`. Missing sections are created; a later validation names unknown ones.
        value: Anything that YAML can hold.

    Raises:
        ValueError: If a part of `key` before the last is not a section.
    """
    return _with_path(values, path=key.split("."), depth=0, value=value)


def _with_path(values: Mapping[str, Any], *, path: list[str], depth: int, value: Any) -> dict[str, Any]:
    name = path[depth]
    if depth == len(path) - 1:
        return {**values, name: value}
    section = values.get(name, {})
    if not isinstance(section, Mapping):
        here = ".".join(path[: depth + 1])
        raise ValueError(f"{'.'.join(path)} cannot be set, because {here}={section!r} is a value and not a section")
    return {**values, name: _with_path(section, path=path, depth=depth + 1, value=value)}
