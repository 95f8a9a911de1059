"""Say how a probe ended."""

from dataclasses import dataclass

from orchestrator.probes.command import ProbeFinish

__all__ = ["EndingLines", "ending_lines"]

_MOST_LISTED = 3


@dataclass(frozen=True, slots=True)
class EndingLines:
    """What goes to each stream."""

    output: tuple[str, ...]
    complaints: tuple[str, ...]


def ending_lines(finish: ProbeFinish) -> EndingLines:
    """What was found and written; what failed and is missing from it."""
    if finish.conclusion is None:
        return EndingLines((), ("stopped; what was measured is kept",))
    files = tuple(f"Written: {file}" for file in finish.conclusion.files)
    failures = [f"{outcome.task.name} is missing: {outcome.failure}" for outcome in finish.failures]
    more = len(failures) - _MOST_LISTED
    listed = failures[:_MOST_LISTED] + ([f"{more} more are missing"] if more > 0 else [])
    return EndingLines((*finish.conclusion.sentences, *files), tuple(listed))
