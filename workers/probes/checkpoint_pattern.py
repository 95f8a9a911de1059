"""Find directories by a pattern such as `DIR/seed{seed}/step{step}`."""

import re
from dataclasses import dataclass
from pathlib import Path

from configs.errors import ConfigurationError
from configs.experiment import BASE_CONDITION

__all__ = ["FoundCheckpoint", "find_checkpoints", "require_fields"]

_FIELDS = {"condition": r"[^/]+?", "seed": r"\d+", "step": r"\d+"}
_REQUIRED = ("seed", "step")


@dataclass(frozen=True, slots=True, order=True)
class FoundCheckpoint:
    """One directory and what its name tells."""

    condition: str
    step: int
    seed: int
    directory: Path


def find_checkpoints(pattern: str) -> tuple[FoundCheckpoint, ...]:
    """All directories that match, sorted by condition, step and seed.

    Args:
        pattern: A path in which `{seed}` and `{step}` stand for whole numbers and `{condition}`, if it is there, for
            any name; a field may stand twice and is then the same in both places.

    Raises:
        ConfigurationError: If the pattern lacks a field, names an unknown one, or matches no directory.
    """
    require_fields(pattern)
    path = Path(pattern).expanduser().absolute()
    matcher = re.compile(_expression(str(path)))
    anchor, *parts = path.parts
    glob = "/".join(re.sub(r"\{\w+\}", "*", re.sub(r"([\[\]*?])", r"[\1]", part)) for part in parts)
    matches = [(matcher.fullmatch(str(found)), found) for found in Path(anchor).glob(glob) if found.is_dir()]
    checkpoints = [_checkpoint(match, directory) for match, directory in matches if match]
    if not checkpoints:
        raise ConfigurationError(
            f"--checkpoints {pattern} matches no directory (looked from {Path.cwd()}); check it, and quote the braces"
        )
    _require_one_each(checkpoints)
    return tuple(sorted(checkpoints))


def require_fields(pattern: str) -> None:
    """Refuse a pattern that lacks a field or holds an unknown one.

    Raises:
        ConfigurationError: Names the field.
    """
    named = re.findall(r"\{(.*?)\}", pattern)
    unknown = [name for name in named if name not in _FIELDS]
    if unknown:
        raise ConfigurationError(
            f"--checkpoints {pattern} holds {{{unknown[0]}}}; the fields are {{condition}}, {{seed}} and {{step}}"
        )
    missing = [name for name in _REQUIRED if name not in named]
    if missing:
        raise ConfigurationError(
            f"--checkpoints {pattern} lacks {{{missing[0]}}}; write it where the number stands, "
            "such as 'DIR/seed{seed}/step{step}'"
        )


def _checkpoint(match: re.Match[str], directory: Path) -> FoundCheckpoint:
    fields = match.groupdict()
    return FoundCheckpoint(
        condition=fields.get("condition", BASE_CONDITION),
        step=int(fields["step"]),
        seed=int(fields["seed"]),
        directory=directory,
    )


def _expression(path: str) -> str:
    seen: set[str] = set()
    parts = []
    for part in re.split(r"(\{\w+\})", path):
        name = part[1:-1]
        if not part.startswith("{"):
            parts.append(re.escape(part))
        elif name in seen:
            parts.append(f"(?P={name})")
        else:
            seen.add(name)
            parts.append(f"(?P<{name}>{_FIELDS[name]})")
    return "".join(parts)


def _require_one_each(checkpoints: list[FoundCheckpoint]) -> None:
    seen: dict[tuple[str, int, int], Path] = {}
    for found in checkpoints:
        key = (found.condition, found.step, found.seed)
        if key in seen:
            raise ConfigurationError(
                f"{seen[key]} and {found.directory} are both seed {found.seed} at step {found.step}; keep one of them"
            )
        seen[key] = found.directory
