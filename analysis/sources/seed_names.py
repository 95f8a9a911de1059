"""Take the seed out of the names of files and runs."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from analysis.excerpt import excerpt
from analysis.sources.found_files import TABLE_SUFFIXES
from analysis.sources.reading import Format
from analysis.sources.trainer_state import run_folder
from configs.errors import TableError

__all__ = ["NamePattern", "names_from_paths"]

LONGEST_NAME = 200


class NamePattern:
    """A pattern such as `seed{seed}` or `*/lr{lr}/run-{seed}`.

    `{name}` stands for letters and digits, `*` for anything without a slash.
    """

    def __init__(self, text: str, *, subject: str) -> None:
        """Read a pattern.

        Args:
            text: As the user wrote it; it may match anywhere in a name, and its last match counts.
            subject: The placeholder that must be in it.

        Raises:
            TableError: If it lacks that placeholder, or has one twice or of no proper name.
        """
        self.text = text
        names = re.findall(r"\{([^{}]*)\}", text)
        wrong = [name for name in names if not name.isidentifier() or names.count(name) > 1]
        if wrong or subject not in names:
            raise TableError(
                f"--subject-from {excerpt(text)} must hold the placeholder {{{subject}}}, and each placeholder once, "
                f"as in 'run-{{{subject}}}'"
            )
        pieces = re.split(r"(\{[^{}]*\}|\*)", text)
        self._expression = re.compile("".join(map(_as_expression, pieces)))

    def parts_of(self, name: str) -> dict[str, str]:
        """What each placeholder stands for in a name.

        Raises:
            TableError: If the pattern does not match.
        """
        matches = list(self._expression.finditer(name))
        if not matches:
            raise TableError(f"--subject-from {excerpt(self.text)} does not match {name[-LONGEST_NAME:]!r}")
        return matches[-1].groupdict()


def names_from_paths(paths: Sequence[Path], *, kind: Format) -> tuple[str, ...]:
    """Name each file's seed by the first part of its path in which the files differ.

    Event files and trainer states are named by their folder, tables also by their own name without its suffix.

    Args:
        paths: The files.
        kind: What they are.

    Raises:
        TableError: If some files lie in the folder that holds the folders of others.
    """
    places = [_place(path, kind=kind) for path in paths]
    parts = [Path(os.path.abspath(place)).parts for place in places]
    depth = _num_shared(parts)
    if len(set(parts)) == 1:
        return tuple(part[-1] for part in parts)
    short = next((path for path, part in zip(paths, parts, strict=True) if len(part) <= depth), None)
    if short is not None:
        raise TableError(
            f"{short} lies above the other files, so that no folder names its seed; leave it out, or say where the "
            "seed stands with --subject-from"
        )
    return tuple(part[depth] for part in parts)


def _as_expression(piece: str) -> str:
    if piece == "*":
        return "[^/]*"
    return f"(?P<{piece[1:-1]}>[A-Za-z0-9]+)" if piece.startswith("{") else re.escape(piece)


def _place(path: Path, *, kind: Format) -> Path:
    if kind is Format.TRAINER_STATE:
        return run_folder(path)
    if kind is Format.EVENTS:
        return path.parent
    suffixes = [end for end in TABLE_SUFFIXES if path.name.lower().endswith(end)]
    return path.with_name(path.name[: -len(max(suffixes, key=len))]) if suffixes else path


def _num_shared(parts: Sequence[tuple[str, ...]]) -> int:
    shared = 0
    for column in zip(*parts, strict=False):
        if len(set(column)) > 1:
            break
        shared += 1
    return shared
