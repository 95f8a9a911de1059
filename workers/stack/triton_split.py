"""Split fp32 values into bf16 planes on a GPU, in one pass over memory."""

import triton
from torch import Tensor

from workers.stack.triton_kernels import split_kernel

__all__ = ["split_on_gpu"]

_VALUES_PER_PROGRAM = 1_024


def split_on_gpu(values_SRC: Tensor, planes: Tensor, *, is_left: bool, are_planes_outside: bool) -> None:
    """Fill `planes`; see `workers.stack.split_linear.split`, which made both dense."""
    _, num_rows, num_columns = values_SRC.shape
    # Values that lie together in a plane, and how many there are before the next plane begins.
    run = num_rows * num_columns if are_planes_outside else num_columns
    grid = (triton.cdiv(values_SRC.numel(), _VALUES_PER_PROGRAM),)
    split_kernel[grid](values_SRC, planes, run, values_SRC.numel(), is_left=is_left, block=_VALUES_PER_PROGRAM)
