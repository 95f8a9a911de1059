"""Find out which of the optional parts can be used."""

from importlib import metadata

from packaging.requirements import Requirement

from orchestrator.finding import Finding
from orchestrator.versions import version_of

__all__ = ["extras_finding"]

_FOR_DEVELOPERS = "dev"


def extras_finding(distribution: str = "seedscope") -> Finding:
    """Which extras of an installed distribution are complete, and what each of the others lacks.

    Args:
        distribution: Whose; one that is not installed has none.
    """
    extras = [extra for extra in _extras(distribution) if extra != _FOR_DEVELOPERS]
    lacking = {extra: _lacking(distribution, extra=extra) for extra in extras}
    complete = [extra for extra, packages in lacking.items() if not packages]
    parts = [", ".join(complete) or "none"]
    parts += [f"{extra} lacks {', '.join(packages)}" for extra, packages in lacking.items() if packages]
    return Finding("extras", "; ".join(parts))


def _extras(distribution: str) -> list[str]:
    try:
        return metadata.metadata(distribution).get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        return []


def _lacking(distribution: str, *, extra: str) -> list[str]:
    """What an extra needs and does not find."""
    requirements = [Requirement(line) for line in metadata.requires(distribution) or []]
    needed = [requirement for requirement in requirements if _belongs(requirement, extra=extra)]
    return [_short(requirement) for requirement in needed if not _is_met(requirement)]


def _belongs(requirement: Requirement, *, extra: str) -> bool:
    """Whether an extra needs a requirement that would not be needed without it."""
    marker = requirement.marker
    return marker is not None and marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""})


def _is_met(requirement: Requirement) -> bool:
    version = version_of(requirement.name)
    is_right = version is not None and requirement.specifier.contains(version, prereleases=True)
    return is_right and not any(_lacking(requirement.name, extra=own) for own in requirement.extras)


def _short(requirement: Requirement) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"
