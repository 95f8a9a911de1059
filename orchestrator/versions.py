"""Versions of what decides the results."""

import platform
from importlib import metadata

__all__ = ["learning_versions", "version_of"]

_PACKAGES = ("numpy", "ray", "safetensors", "tokenizers", "torch")


def learning_versions() -> dict[str, str]:
    """Versions that must be the same on every node, by name; `missing` where a package is not installed."""
    return {name: version_of(name) or "missing" for name in _PACKAGES} | {"python": platform.python_version()}


def version_of(package: str) -> str | None:
    """The installed version; None where the package is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
