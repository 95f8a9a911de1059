"""The studies that `seedscope probe` knows."""

from dataclasses import dataclass
from pathlib import Path

from configs.errors import ConfigurationError
from configs.nearest import nearest
from orchestrator.probes.study import AbstractStudy

__all__ = ["STUDY_NAMES", "StudyOptions", "make_study"]

STUDY_NAMES = ("convergence", "entropy", "trends")


@dataclass(frozen=True, slots=True)
class StudyOptions:
    """What is asked of a study beyond the options of every probe."""

    starts: tuple[float, ...] = ()
    """Of trends: shares of training from which they are told; empty for those of the paper."""
    items: tuple[Path, ...] = ()
    """Of trends: BIG-bench files; empty for the built-in items."""
    uses_stored: bool = False
    """Of trends and entropy: take what training stored of its evaluation tokens, and make no forward pass."""


_NO_OPTIONS = StudyOptions()


def make_study(name: str, *, options: StudyOptions = _NO_OPTIONS) -> AbstractStudy:
    """The study of this name.

    Args:
        name: One of `STUDY_NAMES`.
        options: What not every study can be asked.

    Raises:
        ConfigurationError: If there is none, with the names of those that there are; or if an option has no meaning.
    """
    if name in STUDY_NAMES and name != "trends" and (options.starts or options.items):
        raise ConfigurationError(f"--start and --items belong to trends; leave them out for {name}")
    match name:
        case "convergence":
            from orchestrator.probes.convergence_study import ConvergenceStudy

            if options.uses_stored:
                raise ConfigurationError(
                    "convergence needs whole distributions, which are not stored; leave --stored out"
                )
            return ConvergenceStudy()
        case "entropy":
            from orchestrator.probes.entropy_study import EntropyStudy

            return EntropyStudy(uses_stored=options.uses_stored)
        case "trends":
            from orchestrator.probes.trends_study import TrendsStudy

            return TrendsStudy(starts=options.starts, items=options.items, uses_stored=options.uses_stored)
        case _:
            guess = nearest(name, STUDY_NAMES)
            hint = f"did you mean {guess}?" if guess else f"the studies are {', '.join(STUDY_NAMES)}"
            raise ConfigurationError(f"there is no study named {name!r}; {hint}")
