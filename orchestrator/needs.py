"""Estimate what an experiment needs of the machine, and refuse what cannot fit."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from configs.errors import ResourceError
from configs.experiment import ExperimentConfig
from orchestrator.sizes import format_bytes

__all__ = ["Needs", "nearest_existing", "needs_of", "require_disk", "require_memory"]

_FLOAT_BYTES = 4
_PROCESS_BYTES = 330 * 1024**2  # resident size of a Python process with torch loaded, before it builds a model
_LIVE_LOGITS = 3  # logits, their log-probabilities and their gradient
_EVALUATED_TOKEN_BYTES = 8  # loss, rank and ties of one token, compressed
_STEP_BYTES = 16  # loss and gradient norm of one step
_CHECKPOINT_OVERHEAD_BYTES = 8 * 1024
_RESUME_STATES = 2
_GPU_CONTEXT_BYTES = 1024**3  # CUDA's context, and what its libraries hold for themselves


@dataclass(frozen=True, slots=True)
class Needs:
    """Estimates for one experiment."""

    memory_per_run_bytes: int
    """Resident memory of the largest run on its machine."""
    disk_bytes: int
    """Most that the run directory holds, complete or on the way."""
    gpu_memory_bytes: int | None = None
    """Memory of one GPU for the largest stack that it holds; None on a CPU."""


def needs_of(config: ExperimentConfig) -> Needs:
    """Estimate memory and disk from the shapes alone."""
    conditions = [config.for_condition(name) for name in config.condition_names]
    return Needs(
        memory_per_run_bytes=max(map(_memory_bytes, conditions)),
        disk_bytes=len(config.seeds) * sum(map(_disk_bytes, conditions)) + _going_on_bytes(config),
        gpu_memory_bytes=max(map(_gpu_bytes, conditions)) if config.placement.device == "cuda" else None,
    )


def require_disk(needs: Needs, *, directory: Path) -> None:
    """Refuse an experiment that the disk of `directory` has no room for.

    Raises:
        ResourceError: Names the need, the free space and the remedy.
    """
    free_bytes = shutil.disk_usage(nearest_existing(directory)).free
    if needs.disk_bytes > free_bytes:
        raise ResourceError(
            f"the experiment needs about {format_bytes(needs.disk_bytes)} of disk, but {nearest_existing(directory)} "
            f"has {format_bytes(free_bytes)} free; choose an --out on a larger disk, or fewer seeds or intervals"
        )


def require_memory(needs: Needs, *, available_bytes: int) -> None:
    """Refuse an experiment of which not even one run fits into memory.

    Raises:
        ResourceError: Names the need, what is available and the remedy.
    """
    if needs.memory_per_run_bytes > available_bytes:
        raise ResourceError(
            f"one run needs about {format_bytes(needs.memory_per_run_bytes)} of memory, but "
            f"{format_bytes(available_bytes)} is available; lower schedule.tokens_per_step or the model's sizes"
        )


def nearest_existing(directory: Path) -> Path:
    """The directory itself, or its closest ancestor that exists."""
    candidates = (directory.absolute(), *directory.absolute().parents)
    return next(candidate for candidate in candidates if candidate.is_dir())


def _memory_bytes(config: ExperimentConfig) -> int:
    if config.placement.device == "cuda":
        # Weights as they are read and as they are written, and moments where they are kept.
        copies = 3 + (2 if config.checkpoints.keep in ("all", "newest") else 0)
        return _PROCESS_BYTES + _FLOAT_BYTES * copies * config.model.num_parameters
    # Weights, gradients and two moments; then what backward needs of every layer, and the logits.
    return _PROCESS_BYTES + _FLOAT_BYTES * (4 * config.model.num_parameters + _activations(config))


def _gpu_bytes(config: ExperimentConfig) -> int:
    """Weights, gradients (by tensor and side by side) and two moments of every seed, and one model that is measured."""
    stack_runs = 1 if config.placement.stack_runs == "auto" else config.placement.stack_runs
    floats = stack_runs * (5 * config.model.num_parameters + _activations(config)) + config.model.num_parameters
    return _GPU_CONTEXT_BYTES + _FLOAT_BYTES * floats


def _activations(config: ExperimentConfig) -> int:
    """Numbers that one run keeps between forward and backward."""
    model = config.model
    tokens = min(config.schedule.tokens_per_step, config.placement.tokens_at_once or config.schedule.tokens_per_step)
    return tokens * (model.num_layers * (10 * model.width + 4 * model.mlp_width) + _LIVE_LOGITS * model.vocab_size)


def _disk_bytes(config: ExperimentConfig) -> int:
    weights = _FLOAT_BYTES * config.model.num_parameters
    num_intervals = config.schedule.num_intervals
    checkpoint = config.evaluation.tokens * _EVALUATED_TOKEN_BYTES + _CHECKPOINT_OVERHEAD_BYTES
    keeps = config.checkpoints
    num_kept = sum(keeps.keeps_weights(interval, num_intervals=num_intervals) for interval in range(num_intervals))
    resume_states = _RESUME_STATES * 2 * weights if keeps.keep == "all" else 0
    steps = config.schedule.num_steps * _STEP_BYTES
    return num_intervals * checkpoint + num_kept * weights + steps + resume_states


def _going_on_bytes(config: ExperimentConfig) -> int:
    """What runs that go on have beside what they leave: weights and moments of their newest intervals."""
    if config.checkpoints.keep != "newest":
        return 0
    num_runs = len(config.seeds) * len(config.condition_names)
    most = config.placement.max_concurrent_runs
    num_at_once = num_runs if most == "auto" else min(most, num_runs)
    return num_at_once * _RESUME_STATES * 3 * _FLOAT_BYTES * config.model.num_parameters
