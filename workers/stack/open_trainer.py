"""Put a stacked trainer on the device that its experiment names."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from configs.errors import ResourceError
from configs.experiment import ExperimentConfig
from configs.precision import Precision
from workers.data_order import AbstractWindowOrder
from workers.stack.blocks import AbstractStackBlocks, PlainBlocks
from workers.stack.passes import TorchStackPasses
from workers.stack.split_blocks import SplitBlocks
from workers.stack.trainer import StackedTrainer

__all__ = ["open_stacked_trainer"]


def open_stacked_trainer(
    config: ExperimentConfig,
    *,
    initialization_seeds: Sequence[int],
    orders: Sequence[AbstractWindowOrder],
    stream: NDArray[np.unsignedinteger],
) -> StackedTrainer:
    """A trainer of all seeds, with this device's fastest passes and exactly the precision asked for.

    Args:
        config: The experiment as resolved for the condition that all runs share.
        initialization_seeds: Of each run's weights.
        orders: Each run's data order.
        stream: The training stream.

    Raises:
        ResourceError: If the device is not there.
    """
    device = torch.device(config.placement.device)
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise ResourceError("placement.device=cuda, but torch finds no GPU here; set placement.device=cpu")
        # Set for the whole process, which does nothing else.
        torch.backends.cuda.matmul.allow_tf32 = config.precision is Precision.TF32
        torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    return StackedTrainer(
        config,
        initialization_seeds=initialization_seeds,
        orders=orders,
        stream=stream,
        blocks=_blocks(config, device=device),
        device=device,
    )


def _blocks(config: ExperimentConfig, *, device: torch.device) -> AbstractStackBlocks:
    if device.type != "cuda":
        return PlainBlocks(config.model, passes=TorchStackPasses(), precision=config.precision)
    # triton comes with torch's builds for GPUs only.
    from workers.stack.triton_passes import TritonStackPasses
    from workers.stack.triton_split import TritonSplitKernels

    passes = TritonStackPasses(config.precision)
    if config.precision is Precision.FP16X3:
        return SplitBlocks(config.model, passes=passes, kernels=TritonSplitKernels())
    return PlainBlocks(config.model, passes=passes, precision=config.precision)
