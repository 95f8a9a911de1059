"""Versions of what decides the results."""

import hashlib
import platform
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

__all__ = ["learning_versions", "package_directories", "version_of"]

_OWN_PACKAGES = ("analysis", "configs", "orchestrator", "workers")

_PACKAGES = ("fsspec", "numpy", "psutil", "pydantic", "ray", "safetensors", "tokenizers", "torch")


def learning_versions() -> dict[str, str]:
    """Versions that must be the same on every node, by name; `missing` where a package is not installed."""
    versions = {name: version_of(name) or "missing" for name in _PACKAGES}
    return versions | {"python": platform.python_version(), "seedscope's code": _code_sha256()[:12]}


def _code_sha256() -> str:
    """Over what trains and reports; a version number alone does not tell two checkouts apart."""
    digest = hashlib.sha256()
    for directory in package_directories():
        for file in sorted(directory.rglob("*.py")):
            digest.update(file.relative_to(directory.parent).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def package_directories() -> tuple[Path, ...]:
    """Where each of our packages lies; on a node that has them from the driver, apart from each other."""
    specs = [find_spec(name) for name in _OWN_PACKAGES]
    return tuple(Path(spec.origin).resolve().parent for spec in specs if spec is not None and spec.origin is not None)


def version_of(package: str) -> str | None:
    """The installed version; None where the package is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
