"""Say which values a field of a config takes."""

import types
from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.fields import FieldInfo

__all__ = ["kind_of", "options_of"]

_NOUNS = {int: "whole number", float: "number", str: "text", Any: "value"}
_SIGNS = ((Gt, "gt", ">"), (Ge, "ge", ">="), (Lt, "lt", "<"), (Le, "le", "<="))


def kind_of(field: FieldInfo) -> str:
    """For example `whole number > 0 or null`, or `` `even` or `log` ``.

    Args:
        field: As pydantic keeps it, with the bounds beside the type.
    """
    return _kind(field.annotation, bounds=field.metadata)


def options_of(field: FieldInfo) -> tuple[Any, ...]:  # Any: words, truths and members of enumerations
    """The values that the field's type names one by one, such as `even` and `log`."""
    return tuple(_options(field.annotation))


def _options(annotation: Any) -> list[Any]:
    if annotation is bool:
        return [True, False]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return list(annotation)
    arguments = list(get_args(annotation))
    if get_origin(annotation) is Literal:
        return arguments
    return [option for argument in arguments for option in _options(argument)]


def _kind(annotation: Any, *, bounds: Sequence[Any] = ()) -> str:  # Any: types, and what pydantic keeps beside them
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(arguments[0], bounds=[*bounds, *_bounds_in(arguments[1:])])
    if origin in (Union, types.UnionType):
        return _joined([_kind(argument, bounds=bounds) for argument in arguments])
    if origin is Literal:
        return _joined([f"`{option}`" for option in arguments])
    if origin is tuple:
        return _list(arguments, bounds=bounds)
    if annotation is types.NoneType:
        return "`null`"
    if annotation is bool:
        return "`true` or `false`"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _joined([f"`{option.value}`" for option in annotation])
    return _bounded(_NOUNS.get(annotation, "mapping"), bounds=bounds)


def _bounds_in(annotations: Sequence[Any]) -> list[Any]:
    return [bound for item in annotations for bound in (item.metadata if isinstance(item, FieldInfo) else (item,))]


def _list(arguments: Sequence[Any], *, bounds: Sequence[Any]) -> str:
    of = _kind(arguments[0])
    items = of if of.startswith("`") else of.replace("number", "numbers").replace("text", "texts")
    if arguments[-1] is not Ellipsis:
        return f"{len(arguments)} {items}"
    is_needed = any(isinstance(bound, MinLen) and bound.min_length > 0 for bound in bounds)
    return f"list of {items}{', not empty' if is_needed else ''}"


def _bounded(noun: str, *, bounds: Sequence[Any]) -> str:
    limits = [
        f"{sign} {getattr(bound, name)}" for bound in bounds for kind, name, sign in _SIGNS if isinstance(bound, kind)
    ]
    return f"{noun} {' and '.join(limits)}" if limits else noun


def _joined(options: Sequence[str]) -> str:
    return f"{', '.join(options[:-1])} or {options[-1]}" if len(options) > 1 else options[0]
