"""Versions of what decides the results."""

import hashlib
import platform
from importlib import metadata
from pathlib import Path

__all__ = ["learning_versions", "version_of"]

_PACKAGES = ("numpy", "ray", "safetensors", "tokenizers", "torch")


def learning_versions() -> dict[str, str]:
    """Versions that must be the same on every node, by name; `missing` where a package is not installed."""
    versions = {name: version_of(name) or "missing" for name in _PACKAGES}
    return versions | {"python": platform.python_version(), "seedscope's code": _code_sha256()[:12]}


def _code_sha256() -> str:
    """Over what trains and reports; a version number alone does not tell two checkouts apart."""
    source = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for room in ("configs", "orchestrator", "workers"):
        for file in sorted((source / room).rglob("*.py")):
            digest.update(file.relative_to(source).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def version_of(package: str) -> str | None:
    """The installed version; None where the package is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
