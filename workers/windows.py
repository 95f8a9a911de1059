"""Cut windows and their next tokens out of a token stream."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["cut_windows"]


def cut_windows(
    stream: NDArray[np.unsignedinteger], *, starts: Sequence[int] | NDArray[np.int64], context_length: int
) -> tuple[Tensor, Tensor]:
    """Inputs and targets, each int64 of shape (len(starts), context_length); targets lie one token further.

    Args:
        stream: Token ids, shape (num_tokens,).
        starts: Index of each window's first token; start + context_length must lie inside the stream.
        context_length: Tokens in a window.
    """
    indices = np.asarray(starts, dtype=np.int64)[:, None] + np.arange(context_length + 1)
    tokens = torch.from_numpy(np.ascontiguousarray(stream[indices], dtype=np.int64))
    return tokens[:, :-1], tokens[:, 1:]
