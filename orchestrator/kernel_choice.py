"""Decide once for an experiment whether its runs use compiled kernels."""

from dataclasses import dataclass
from pathlib import Path

from configs.errors import ResourceError
from configs.experiment import ExperimentConfig
from workers.kernels.build import build_kernels

__all__ = ["KernelChoice", "decide_kernels"]


@dataclass(frozen=True, slots=True)
class KernelChoice:
    """A config in which `placement.kernels` is no longer `auto`."""

    config: ExperimentConfig
    notice: str | None = None
    """Why the kernels could not be compiled, where that was left open; None otherwise."""


def decide_kernels(config: ExperimentConfig, *, cache_dir: Path) -> KernelChoice:
    """Compile the kernels for this machine where the config wants or allows it.

    Compiled and plain kernels differ in rounding, so that all runs of an experiment, and whoever resumes it, must use
    the same: the decision is saved with the config.

    Args:
        config: As asked for.
        cache_dir: Where compiled libraries are kept.

    Raises:
        ResourceError: If the config insists on compiled kernels and there is no way to have them.
    """
    if config.placement.kernels == "torch":
        return KernelChoice(config)
    try:
        build_kernels(cache_dir)
    except (ResourceError, OSError) as error:
        if config.placement.kernels == "compiled":
            raise ResourceError(f"placement.kernels=compiled: {error}; or set placement.kernels=torch") from error
        return KernelChoice(
            config.with_kernels("torch"), notice=f"Training runs slower than it could, without kernels: {error}."
        )
    return KernelChoice(config.with_kernels("compiled"))
