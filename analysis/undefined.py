"""A value that cannot be had, and the plain JSON form of every result."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Undefined", "finite_or_undefined", "is_defined", "to_plain"]


@dataclass(frozen=True, slots=True)
class Undefined:
    """The reason why a value cannot be had; written as `{"undefined": reason}`."""

    reason: str


def is_defined(value: object) -> bool:
    """Whether `value` is anything but `Undefined`."""
    return not isinstance(value, Undefined)


def finite_or_undefined(value: float, *, reason: str) -> float | Undefined:
    """`value` as a Python float, or the reason why it is not a finite number."""
    return float(value) if math.isfinite(value) else Undefined(reason)


def to_plain(value: object) -> object:
    """Turn results into dictionaries, lists and plain Python values that strict JSON can hold.

    Args:
        value: Frozen dataclasses, mappings, sequences, NumPy or Python scalars, nested in any way.

    Returns:
        The same tree; `Undefined`, NaN and infinity become `{"undefined": reason}`.
    """
    # Nearly all values of a long table are plain already.
    if value is None or type(value) in (str, int, bool) or (type(value) is float and math.isfinite(value)):
        return value
    if isinstance(value, Undefined):
        return {"undefined": value.reason}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return [to_plain(item) for item in value.tolist()]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [to_plain(item) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: object) -> object:
    scalar = value.item() if isinstance(value, np.generic) else value
    if scalar is None or isinstance(scalar, bool | int):
        return scalar
    if isinstance(scalar, float):
        return scalar if math.isfinite(scalar) else {"undefined": "the value is not a finite number"}
    return str(scalar)
