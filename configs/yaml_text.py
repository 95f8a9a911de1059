"""Read YAML strictly, and write what is read back as the same values."""

import math
import re
from collections.abc import Hashable, Iterable
from typing import Any

import yaml

__all__ = ["inline_yaml", "parse_yaml", "yaml_text"]

# PyYAML lets errors of its constructors through, such as that of a date in month 99, and recurses without a limit.
_ERRORS = (yaml.YAMLError, AttributeError, TypeError, ValueError, RecursionError)


def parse_yaml(text: str) -> Any:  # Any: whatever stands there
    """The values in `text`: no key twice, no objects of Python, and `1e6` a number as in YAML 1.2.

    Raises:
        ValueError: If it is not valid; one line that names the place.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506, a SafeLoader
    except _ERRORS as error:
        raise ValueError(_in_one_line(error)) from None


def yaml_text(values: Any) -> str:  # Any: plain values
    """The text from which `parse_yaml` gives equal values."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def inline_yaml(value: Any) -> str:  # Any: a plain value
    """A value as `--set` takes it, in one line."""
    text = yaml.dump([value], Dumper=_Dumper, default_flow_style=True, sort_keys=False, width=math.inf)
    return text.strip()[1:-1]


def _in_one_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None)
    if mark is None or problem is None:
        return " ".join(str(error).split())
    hint = "; indent with blanks" if "\\t" in problem else ""
    return f"line {mark.line + 1}, column {mark.column + 1}: {' '.join(problem.split())}{hint}"


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses a key given twice, where YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        _reject_repeated(key for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        return super().construct_mapping(node, deep=deep)


class _Dumper(yaml.SafeDumper):
    """A safe dumper that puts a text in quotes where the loader would take it for a number."""


# YAML 1.1 asks for a dot and a signed exponent, `1.0e+6`, and takes what everybody writes for a text.
for _side in (_Loader, _Dumper):
    _side.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
    )


def _reject_repeated(keys: Iterable[yaml.ScalarNode]) -> None:
    seen: set[str] = set()
    for key in keys:
        if key.value in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} stands twice", key.start_mark)
        seen.add(key.value)
