"""Give a run the passes that its experiment was decided to use."""

from pathlib import Path

from configs.placement import PlacementConfig
from workers.kernels.build import build_kernels
from workers.kernels.library import KernelLibrary
from workers.kernels.passes import CompiledPasses
from workers.passes import AbstractPasses, TorchPasses

__all__ = ["choose_passes"]


def choose_passes(placement: PlacementConfig, *, cache_dir: Path) -> AbstractPasses:
    """Compiled passes where `placement.kernels` says so, else those of torch.

    Args:
        placement: With `kernels` decided; an open `auto` stands for torch.
        cache_dir: Where compiled libraries are kept on this node.

    Raises:
        ResourceError: If this node cannot compile the kernels.
    """
    if placement.kernels != "compiled":
        return TorchPasses()
    return CompiledPasses(KernelLibrary(build_kernels(cache_dir)))
