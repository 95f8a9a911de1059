"""Turn a validation error into one sentence that names the field, the value and the remedy."""

from collections.abc import Sequence
from datetime import date
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from configs.field_kinds import kind_of
from configs.nearest import nearest

__all__ = ["explain"]


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """One sentence on the first thing that is wrong, and how many more there are.

    A misspelt field goes before one that is missing, which may be the same; a wrong value goes between them.

    Args:
        error: What pydantic raised while validating `model`.
        model: The outermost config class, whose fields are searched for what they take and for the nearest right name.
    """
    problems = sorted(error.errors(include_url=False), key=lambda problem: _RANKS.get(problem["type"], 1))
    first = problems[0]
    location = _readable_location(first["loc"])
    others = {_readable_location(problem["loc"]) for problem in problems}
    if first["type"] == "extra_forbidden":
        others.discard(_meant(location, model) or "")  # missing because it is misspelt
    # A list that holds a wrong item is reported beside the item, and is no problem of its own.
    num_more = sum(not f"{location}.".startswith(f"{other}.") for other in others)
    more = f" ({num_more} more {'problem' if num_more == 1 else 'problems'})" if num_more else ""
    return _sentence(first["type"], location, first, model) + more


_RANKS = {"extra_forbidden": 0, "missing": 2}
_NAME_RULE = "letters, digits, `_`, `-` and single dots inside, at most 64 characters"


def _sentence(kind: str, location: str, problem: Any, model: type[BaseModel]) -> str:  # Any: pydantic's ErrorDetails
    if kind == "extra_forbidden":
        return _unknown_field(location, model)
    if kind == "missing":
        field, _, item = location.rpartition(".")
        if item.isdecimal():
            return f"{field} has too few values; give at least {int(item) + 1}"
        return f"{location} is missing; add it to the config or give --set {location}=..."
    if "[key]" in problem["loc"]:
        name = problem["input"]
        return f"{_readable_location(problem['loc'][:-2])}: the name {name!r} is wrong; use {_NAME_RULE}"
    if kind == "value_error":
        message = problem["msg"].removeprefix("Value error, ")
        return f"{location}: {message}" if location else message
    return f"{location}={_shown(problem['input'])} is wrong: {_remedy(kind, location, problem, model)}"


def _remedy(kind: str, location: str, problem: Any, model: type[BaseModel]) -> str:  # Any: pydantic's ErrorDetails
    if location == "name" and kind in ("string_pattern_mismatch", "string_too_long"):
        return f"it should be {_NAME_RULE}"
    path, field = _field_at(model, location.split("."))
    if field is None or kind in _KINDS_IN_WORDS_OF_PYDANTIC:
        return f"it should {problem['msg'].partition(' should ')[2] or 'be another value'}"
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
        return f"it should be a section, which holds fields such as {path}.{next(iter(field.annotation.model_fields))}"
    taken = kind_of(field)
    article = "a " if taken.startswith(("list", "mapping", "number", "whole")) else ""
    return f"{'it' if path == location else path} should be {article}{taken}{_way_to_write(kind)}"


# What our own words for a field's type do not tell.
_KINDS_IN_WORDS_OF_PYDANTIC = frozenset({"finite_number", "string_pattern_mismatch", "string_too_long"})


def _way_to_write(kind: str) -> str:
    return {"tuple_type": "; write it in brackets", "string_type": "; write it in quotes"}.get(kind, "")


def _shown(value: Any) -> str:  # Any: whatever stood in the YAML file
    if value is None:
        return "null"
    return value.isoformat() if isinstance(value, date) else repr(value)


def _field_at(model: type[BaseModel], path: Sequence[str]) -> tuple[str, FieldInfo | None]:
    """The innermost field on `path`, which may go on to an item of it, and where that field is."""
    field = model.model_fields.get(path[0])
    if field is None or len(path) == 1:
        return path[0], field
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
        inner, its = _field_at(field.annotation, path[1:])
        return f"{path[0]}.{inner}", its
    return path[0], field


def _unknown_field(location: str, model: type[BaseModel]) -> str:
    guess = _meant(location, model)
    if guess is None:
        section = location.rpartition(".")[0]
        return f"{location} is not a field; {section or 'a config'} has {', '.join(_siblings(location, model))}"
    return f"{location} is not a field; did you mean {guess}?"


def _meant(location: str, model: type[BaseModel]) -> str | None:
    """The field that a misspelt one was probably meant to be."""
    section, dot, name = location.rpartition(".")
    guess = nearest(name, _siblings(location, model))
    return None if guess is None else f"{section}{dot}{guess}"


def _siblings(location: str, model: type[BaseModel]) -> list[str]:
    section = location.rpartition(".")[0]
    return _fields_at(model, section.split(".") if section else [])


def _fields_at(model: type[BaseModel], sections: Sequence[str]) -> list[str]:
    for section in sections:
        field = model.model_fields.get(section)
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return []
        model = field.annotation
    return list(model.model_fields)


def _readable_location(location: tuple[int | str, ...]) -> str:
    # Pydantic appends the names of union members and constraints, which mean nothing to a reader.
    parts = [str(part) for part in location if isinstance(part, int) or _is_field_like(part)]
    return ".".join(parts)


def _is_field_like(part: str) -> bool:
    return not (part.startswith(("literal[", "constrained-", "function-", "tuple[")) or part in _TYPE_NAMES)


_TYPE_NAMES = frozenset(kind.__name__ for kind in get_args(int | float | str | bool))
