"""Keep the arrays of a measurement in one file, and know whether they are still those that are asked for."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from configs.durable import write_bytes_durably
from configs.errors import RunDirectoryError

__all__ = ["fingerprint_of", "is_current", "read_arrays", "write_arrays"]

_FINGERPRINT = "fingerprint"


def fingerprint_of(facts: Mapping[str, object]) -> str:
    """Sha256 of all that decides the arrays: what is measured, on which weights and tokens.

    Args:
        facts: Plain values that JSON can hold.
    """
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def write_arrays(path: Path, *, fingerprint: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays durably; directories are made if they are missing.

    Args:
        path: The final name.
        fingerprint: What `is_current` will be asked about.
        arrays: By name, each of any shape and of a plain type.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **{_FINGERPRINT: np.array(fingerprint), **arrays})
    write_bytes_durably(path, buffer.getvalue())


def is_current(path: Path, *, fingerprint: str) -> bool:
    """Whether `path` holds the arrays that have this fingerprint; a damaged file does not."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return str(file[_FINGERPRINT]) == fingerprint
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return False


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays that `write_arrays` wrote, without their fingerprint.

    Raises:
        RunDirectoryError: If the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files if name != _FINGERPRINT}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise RunDirectoryError(f"{path} is missing or damaged ({error}); remove it and probe again.") from error
