"""The studies that `seedscope probe` knows."""

from dataclasses import dataclass
from pathlib import Path

from configs.errors import ConfigurationError
from configs.nearest import nearest
from orchestrator.probes.study import AbstractStudy

__all__ = ["STUDY_NAMES", "TrendOptions", "make_study"]

STUDY_NAMES = ("convergence", "entropy", "trends")


@dataclass(frozen=True, slots=True)
class TrendOptions:
    """What is asked of trends beyond the options of every probe."""

    starts: tuple[float, ...] = ()
    """Shares of training from which trends are told; empty for those of the paper."""
    items: tuple[Path, ...] = ()
    """BIG-bench files; empty for the built-in items."""
    uses_stored: bool = False
    """Take the losses that training stored, and make no forward pass."""


def make_study(name: str, *, trends: TrendOptions) -> AbstractStudy:
    """The study of this name.

    Args:
        name: One of `STUDY_NAMES`.
        trends: What only trends can be asked.

    Raises:
        ConfigurationError: If there is none; the message lists those that there are.
    """
    if name in STUDY_NAMES and name != "trends" and trends != TrendOptions():
        raise ConfigurationError(f"--start, --items and --stored belong to trends; leave them out for {name}")
    match name:
        case "convergence":
            from orchestrator.probes.convergence_study import ConvergenceStudy

            return ConvergenceStudy()
        case "entropy":
            from orchestrator.probes.entropy_study import EntropyStudy

            return EntropyStudy()
        case "trends":
            from orchestrator.probes.trends_study import TrendsStudy

            return TrendsStudy(starts=trends.starts, items=trends.items, uses_stored=trends.uses_stored)
        case _:
            guess = nearest(name, STUDY_NAMES)
            hint = f"did you mean {guess}?" if guess else f"the studies are {', '.join(STUDY_NAMES)}"
            raise ConfigurationError(f"there is no study named {name!r}; {hint}")
