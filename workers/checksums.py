"""Say what a directory holds in a SHA256SUMS file, and check it later."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from configs.errors import CheckpointError

__all__ = [
    "SUMS_NAME",
    "file_sha256",
    "format_sums",
    "parse_sums",
    "read_sums",
    "require_listed",
    "verify_checksums",
    "write_checksums",
    "write_sums",
]

SUMS_NAME = "SHA256SUMS"


def file_sha256(path: Path) -> str:
    """Hexadecimal sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_checksums(directory: Path) -> None:
    """List every file of `directory` in the form that `sha256sum --check` reads."""
    files = sorted(path for path in directory.iterdir() if path.name != SUMS_NAME)
    write_sums(directory, {path.name: file_sha256(path) for path in files})


def write_sums(directory: Path, sums: Mapping[str, str]) -> None:
    """The same, from checksums that are known already."""
    (directory / SUMS_NAME).write_text(format_sums(sums), encoding="utf-8")


def read_sums(directory: Path) -> dict[str, str]:
    """The checksum of each file that `write_checksums` listed, by name.

    Raises:
        CheckpointError: If there is no list.
    """
    try:
        return parse_sums((directory / SUMS_NAME).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{directory} is incomplete: {error}") from error


def verify_checksums(directory: Path, *, names: frozenset[str], optional: frozenset[str] = frozenset()) -> None:
    """Check every file that must be there.

    Args:
        directory: What `write_checksums` was called for.
        names: The files that it must list and hold.
        optional: Files that it may hold, and must list where it does.

    Raises:
        CheckpointError: If the list is missing or lists other files, a file is missing, or a file's content differs.
    """
    try:
        sums = read_sums(directory)
        expected_files = names | {name for name in optional if name in sums or (directory / name).exists()}
        require_listed(sums, names=expected_files, list_name=str(directory / SUMS_NAME))
        for name, expected in sums.items():
            if file_sha256(directory / name) != expected:
                raise CheckpointError(f"{directory / name} does not hold what its checksum promises")
    except OSError as error:
        raise CheckpointError(f"{directory} is incomplete: {error}") from error


def format_sums(sums: Mapping[str, str]) -> str:
    """The content of a SHA256SUMS file, from the checksum of each file by name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))


def parse_sums(text: str) -> dict[str, str]:
    """The checksum of each file that a SHA256SUMS file lists, by name."""
    return {name: expected for expected, _, name in (line.partition("  ") for line in text.splitlines())}


def require_listed(sums: Mapping[str, object], *, names: frozenset[str], list_name: str) -> None:
    """Refuse a list of other files than these.

    Raises:
        CheckpointError: If it is one.
    """
    if sums.keys() != names:
        listed, expected_names = ", ".join(sorted(sums)) or "nothing", ", ".join(sorted(names))
        raise CheckpointError(f"{list_name} lists {listed} and not {expected_names}")
