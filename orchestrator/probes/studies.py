"""The studies that `seedscope probe` knows."""

from configs.errors import ConfigurationError
from configs.nearest import nearest
from orchestrator.probes.study import AbstractStudy

__all__ = ["STUDY_NAMES", "make_study"]

STUDY_NAMES = ("convergence", "entropy")


def make_study(name: str) -> AbstractStudy:
    """The study of this name.

    Raises:
        ConfigurationError: If there is none; the message lists those that there are.
    """
    match name:
        case "convergence":
            from orchestrator.probes.convergence_study import ConvergenceStudy

            return ConvergenceStudy()
        case "entropy":
            from orchestrator.probes.entropy_study import EntropyStudy

            return EntropyStudy()
        case _:
            guess = nearest(name, STUDY_NAMES)
            hint = f"did you mean {guess}?" if guess else f"the studies are {', '.join(STUDY_NAMES)}"
            raise ConfigurationError(f"there is no study named {name!r}; {hint}")
