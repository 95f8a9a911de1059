"""Turn a validation error into one sentence that names the field, the value and the remedy."""

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from configs.nearest import nearest

__all__ = ["explain"]


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """One sentence on the first thing that is wrong, and how many more there are.

    Args:
        error: What pydantic raised while validating `model`.
        model: The outermost config class, whose fields are searched for the nearest right name.
    """
    problems = error.errors(include_url=False)
    first = problems[0]
    location = _readable_location(first["loc"])
    others = {_readable_location(problem["loc"]) for problem in problems}
    # A list that holds a wrong item is reported beside the item, and is no problem of its own.
    num_more = sum(not location.startswith(other) for other in others)
    more = f" ({num_more} more {'problem follows' if num_more == 1 else 'problems follow'})" if num_more else ""
    return _sentence(first["type"], location, first, model) + more


def _sentence(kind: str, location: str, problem: Any, model: type[BaseModel]) -> str:  # Any: pydantic's ErrorDetails
    if kind == "extra_forbidden":
        return _unknown_field(location, model)
    if kind == "missing":
        field, _, item = location.rpartition(".")
        if item.isdecimal():
            return f"{field} has too few values; give at least {int(item) + 1}"
        return f"{location} is missing; add it to the config or give --set {location}=..."
    message = problem["msg"].removeprefix("Value error, ")
    if "[key]" in problem["loc"]:
        return (
            f"{_readable_location(problem['loc'][:-2])}: the name {problem['input']!r} is wrong; "
            "use letters, digits, `_`, `-` and single dots inside, at most 64 characters"
        )
    if kind == "value_error":
        return f"{location}: {message}" if location else message
    return f"{location}={problem['input']!r} is wrong: {message[:1].lower()}{message[1:]}"


def _unknown_field(location: str, model: type[BaseModel]) -> str:
    section, _, name = location.rpartition(".")
    known = _fields_at(model, section.split(".") if section else [])
    guess = nearest(name, known)
    if guess is None:
        return f"{location} is not a field; {section or 'a config'} has {', '.join(known)}"
    return f"{location} is not a field; did you mean {section}{'.' if section else ''}{guess}?"


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
