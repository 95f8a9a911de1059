"""Where runs are placed, and with how many threads each."""

from typing import Annotated, Literal

from pydantic import Field

from configs.frozen import FrozenConfig

__all__ = ["PlacementConfig"]


class PlacementConfig(FrozenConfig):
    """One run holds one slot: `threads_per_run` cores of one node."""

    threads_per_run: int = Field(default=1, gt=0, description="Cores and intra-op threads of one run.")
    device: Literal["cpu", "cuda"] = Field(default="cpu", description="Where the tensors live.")
    kernels: Literal["auto", "compiled", "torch"] = Field(
        default="auto",
        description="What computes between matrix products: kernels compiled for the processor, or torch alone; `auto` "
        "compiles where a C compiler is found, and is decided once for an experiment.",
    )
    stack_runs: Annotated[int, Field(gt=0)] | Literal["auto"] = Field(
        default="auto",
        description="Runs of one condition that one process trains at once, as one model with an axis of seeds; `auto` "
        "is 1 on a CPU and every seed on a GPU.",
    )
    tokens_at_once: int | None = Field(
        default=None,
        gt=0,
        description="Tokens of one step whose activations exist at the same time; the gradients of its parts add up. "
        "null is the whole step in a stack, and 1,024 tokens elsewhere.",
    )
    max_concurrent_runs: Annotated[int, Field(gt=0)] | Literal["auto"] = Field(
        default="auto", description="Most runs at once; `auto` fills every slot."
    )
    run_order: Literal["listed", "random"] = Field(
        default="listed",
        description="`listed` goes condition by condition, `random` seed by seed, the conditions of each shuffled.",
    )
    run_order_seed: int = Field(default=0, ge=0, lt=2**32, description="Seed of a random run order.")
