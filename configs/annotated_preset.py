"""Write a preset with every field that a config has, each under what it is for."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from configs.fields import ConfigField, config_sections
from configs.preset_files import preset_text
from configs.yaml_text import inline_yaml, parse_yaml

__all__ = ["annotated_preset"]

_WIDTH = 100


def annotated_preset(name: str) -> str:
    """YAML that says the same as the preset: what it sets, and as comments whatever else could be set.

    Raises:
        ConfigurationError: If there is no preset of this name.
    """
    text = preset_text(name)
    values = parse_yaml(text)
    head = [line for line in text.splitlines() if line.startswith("#")]
    return "\n".join([*head, *_lines(values)]) + "\n"


def _lines(values: Mapping[str, Any]) -> Iterator[str]:  # Any: the tree of a YAML file
    for section in config_sections():
        given = values.get(section.name, {}) if section.name else values
        if section.name:
            # A section without a field would be null and no section.
            yield from ("", *_comment(section.description), f"{'' if given else '# '}{section.name}:")
        for field in section.fields:
            yield from _field_lines(field, given=given, indent="  " if section.name else "")


def _field_lines(field: ConfigField, *, given: Mapping[str, Any], indent: str) -> Iterator[str]:
    yield from _comment(f"{field.description} ({field.kind.replace('`', '')})", indent=indent)
    if field.name not in given:
        yield f"{indent}# {field.name}:" + ("" if field.is_required else f" {inline_yaml(field.default)}")
    elif isinstance(given[field.name], Mapping):
        yield f"{field.name}:"
        yield from (f"  {name}: {inline_yaml(value)}" for name, value in given[field.name].items())
    else:
        yield f"{indent}{field.name}: {inline_yaml(given[field.name])}"


def _comment(text: str, *, indent: str = "") -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
