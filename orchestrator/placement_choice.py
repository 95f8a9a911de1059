"""Decide once for an experiment how its runs are computed, where the config leaves that open."""

from dataclasses import dataclass
from pathlib import Path

from configs.errors import ResourceError
from configs.experiment import ExperimentConfig
from workers.kernels.build import build_kernels

__all__ = ["PlacementChoice", "decide_placement"]

_MOST_STACKED = 12  # beyond it a small model fills a GPU, and memory grows for nothing


@dataclass(frozen=True, slots=True)
class PlacementChoice:
    """A config in which `placement.kernels` and `placement.stack_runs` are no longer `auto`."""

    config: ExperimentConfig
    notice: str | None = None
    """Why the kernels could not be compiled, where that was left open; None otherwise."""


def decide_placement(config: ExperimentConfig, *, cache_dir: Path) -> PlacementChoice:
    """Settle the size of a stack, and compile the kernels for this machine where the config wants or allows it.

    Other kernels and stacks of another size differ in rounding, so that all runs of an experiment, and whoever resumes
    it, must use the same: the decision is saved with the config.

    Args:
        config: As asked for.
        cache_dir: Where compiled libraries are kept.

    Raises:
        ResourceError: If the config insists on compiled kernels and there is no way to have them.
    """
    stack_runs = _stack_runs(config)
    config = config.with_placement(stack_runs=stack_runs)
    if config.placement.device == "cuda":
        return PlacementChoice(config.with_placement(kernels="compiled"))  # by Triton, on the GPU's node
    if stack_runs > 1 or config.placement.kernels == "torch":
        return PlacementChoice(config.with_placement(kernels="torch"))
    try:
        build_kernels(cache_dir)
    except (ResourceError, OSError) as error:
        if config.placement.kernels == "compiled":
            raise ResourceError(f"placement.kernels=compiled: {error}; or set placement.kernels=torch") from error
        notice = f"Training runs slower than it could, without kernels: {error}."
        return PlacementChoice(config.with_placement(kernels="torch"), notice=notice)
    return PlacementChoice(config.with_placement(kernels="compiled"))


def _stack_runs(config: ExperimentConfig) -> int:
    if config.placement.stack_runs != "auto":
        return config.placement.stack_runs
    if config.placement.device == "cpu":
        return 1
    num_stacks = -(-len(config.seeds) // _MOST_STACKED)
    return -(-len(config.seeds) // num_stacks)
