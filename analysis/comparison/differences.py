"""List what differs between the configs and manifests of several sides."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.comparison.side import Side

__all__ = ["Difference", "Differences", "list_differences"]

# A condition's overrides are in the fields that they override; names and places change no result.
NOT_COMPARED = frozenset({"name", "conditions"})
NOT_KNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, with its value on each side."""

    field: str
    values: Mapping[str, Any]  # Any: whatever a config or manifest holds
    """By the side's name; `unknown` where a side has no such file."""


@dataclass(frozen=True, slots=True)
class Differences:
    """Everything in which at least two sides differ."""

    config: tuple[Difference, ...]
    corpus: tuple[Difference, ...]
    versions: tuple[Difference, ...]
    hardware: tuple[Difference, ...]


def list_differences(sides: Sequence[Side]) -> Differences:
    """Compare the files field by field.

    Args:
        sides: Two or more.
    """
    return Differences(
        config=_differing(sides, values_of=_config),
        corpus=_differing(sides, values_of=lambda side: side.of_manifest("corpus")),
        versions=_differing(sides, values_of=_versions),
        hardware=_differing(sides, values_of=lambda side: side.of_manifest("hardware")),
    )


def _config(side: Side) -> Mapping[str, Any] | None:
    if side.config is None:
        return None
    return {key: value for key, value in side.config.items() if key not in NOT_COMPARED}


def _versions(side: Side) -> Mapping[str, Any] | None:
    if side.manifest is None:
        return None
    versions = side.of_manifest("versions")
    return dict(versions or {}) | {"git_commit": side.of_manifest("git_commit")}


def _differing(
    sides: Sequence[Side], *, values_of: Callable[[Side], Mapping[str, Any] | None]
) -> tuple[Difference, ...]:
    flat = {side.name: _flattened(values) for side in sides if (values := values_of(side)) is not None}
    if len(flat) < 2:
        return ()
    fields = dict.fromkeys(field for values in flat.values() for field in values)
    return tuple(
        Difference(
            field=field,
            values={side.name: flat[side.name].get(field) if side.name in flat else NOT_KNOWN for side in sides},
        )
        for field in fields
        if len({repr(values.get(field)) for values in flat.values()}) > 1
    )


def _flattened(values: Mapping[str, Any], *, prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flattened(value, prefix=f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
