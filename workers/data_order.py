"""Which windows of the training stream each step reads."""

import hashlib
from abc import ABC, abstractmethod
from typing import final

import numpy as np
from numpy.typing import NDArray

from configs.corpus import DataOrder

__all__ = ["AbstractWindowOrder", "SequentialOrder", "ShuffledOrder", "window_order"]


def window_order(
    order: DataOrder, *, num_stream_tokens: int, context_length: int, windows_per_step: int, seed: int
) -> "AbstractWindowOrder":
    """The order that `order` names; `seed` matters to a shuffled one only."""
    sizes = (num_stream_tokens, context_length, windows_per_step)
    return SequentialOrder(*sizes) if order == "sequential" else ShuffledOrder(*sizes, seed)


class AbstractWindowOrder(ABC):
    """A function from the step to its windows, without state, so that any step can follow any other."""

    def __init__(self, num_stream_tokens: int, context_length: int, windows_per_step: int) -> None:
        self.num_stream_tokens = num_stream_tokens
        self.context_length = context_length
        self.windows_per_step = windows_per_step

    @abstractmethod
    def starts(self, step: int) -> NDArray[np.int64]:
        """Index in the stream of each window's first token, for the step after `step` steps.

        Returns:
            Shape (windows_per_step,). A window holds context_length tokens and is predicted one token further.
        """

    def sha256(self, *, num_steps: int) -> str:
        """Hash of all window starts of the first `num_steps` steps, as little-endian int64."""
        digest = hashlib.sha256()
        for step in range(num_steps):
            digest.update(self.starts(step).astype("<i8").tobytes())
        return digest.hexdigest()


@final
class SequentialOrder(AbstractWindowOrder):
    """Window after window through the stream, round and round; the order of the published study.

    Starts are taken modulo (stream length - context length - 1), so window borders move from one pass to the next
    unless the context length divides that number.
    """

    def starts(self, step: int) -> NDArray[np.int64]:
        """See the base class."""
        first = step * self.windows_per_step
        windows = np.arange(first, first + self.windows_per_step, dtype=np.int64)
        return windows * self.context_length % (self.num_stream_tokens - self.context_length - 1)


@final
class ShuffledOrder(AbstractWindowOrder):
    """Each pass reads disjoint windows from a new offset, in a new order drawn from the seed and the pass."""

    def __init__(self, num_stream_tokens: int, context_length: int, windows_per_step: int, seed: int) -> None:
        super().__init__(num_stream_tokens, context_length, windows_per_step)
        self._seed = seed
        # One window fewer than would fit leaves room for the offset; the few tokens around a pass wait for another one.
        self._windows_per_pass = max(1, (num_stream_tokens - 1) // context_length - 1)
        self._pass_index = -1
        self._pass_starts = np.empty(0, dtype=np.int64)

    def starts(self, step: int) -> NDArray[np.int64]:
        """See the base class."""
        first = step * self.windows_per_step
        windows = range(first, first + self.windows_per_step)
        return np.array([self._start_of(window) for window in windows], dtype=np.int64)

    def _start_of(self, window: int) -> np.int64:
        pass_index, position = divmod(window, self._windows_per_pass)
        if pass_index != self._pass_index:
            self._pass_starts = self._draw_pass(pass_index)
            self._pass_index = pass_index
        start: np.int64 = self._pass_starts[position]
        return start

    def _draw_pass(self, pass_index: int) -> NDArray[np.int64]:
        # Sorting raw Philox words gives the same permutation under every NumPy version; Generator.permutation may not.
        key = np.array([self._seed, pass_index], dtype=np.uint64)
        words = np.random.Philox(key=key).random_raw(self._windows_per_pass + 1)
        spare_tokens = self.num_stream_tokens - 1 - self._windows_per_pass * self.context_length
        offset = int(words[0]) % (min(self.context_length - 1, spare_tokens) + 1)
        return offset + self.context_length * np.argsort(words[1:], kind="stable").astype(np.int64)
