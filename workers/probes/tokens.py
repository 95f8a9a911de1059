"""The tokens on which every checkpoint is probed: whole stories, the same for all, known by their hash."""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from configs.errors import ConfigurationError, CorpusError
from workers.corpus_encoding import TokenStream

__all__ = ["ProbeTokens", "chosen_context_length", "whole_stories"]


@dataclass(frozen=True, eq=False)
class ProbeTokens:
    """One stream, cut into consecutive windows; each input's next token is one context.

    Attributes:
        stream: Token ids, an end token after each story, shape (num_contexts + 1,).
        end_id: The end token.
        context_length: Inputs of one window; the last window may be shorter.
    """

    stream: NDArray[np.uint32]
    end_id: int
    context_length: int

    @property
    def num_contexts(self) -> int:
        """Predicted tokens: all of the stream but its first."""
        return len(self.stream) - 1

    @property
    def inputs(self) -> NDArray[np.uint32]:
        """The last token of each context, shape (num_contexts,)."""
        return self.stream[:-1]

    @property
    def targets(self) -> NDArray[np.uint32]:
        """The token that follows each context, shape (num_contexts,)."""
        return self.stream[1:]

    @cached_property
    def stories(self) -> NDArray[np.int64]:
        """Index of the story that each predicted token belongs to, shape (num_contexts,); an end token ends its own."""
        return np.cumsum(self.inputs == self.end_id)

    @cached_property
    def sha256(self) -> str:
        """Hash of the stream and of the way in which it is cut."""
        digest = hashlib.sha256(f"{self.context_length} ".encode())
        digest.update(self.stream.astype("<u4").tobytes())
        return digest.hexdigest()

    def batches(self, *, num_tokens: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Windows and their next tokens, in the order of the stream.

        Args:
            num_tokens: Most tokens in one batch; a batch holds at least one window.

        Returns:
            Pairs of shape (num_windows, context_length) each; the last pair may hold one shorter window.
        """
        num_whole = self.num_contexts // self.context_length
        windows_per_batch = max(1, num_tokens // self.context_length)
        for first in range(0, num_whole, windows_per_batch):
            last = min(num_whole, first + windows_per_batch)
            yield self._cut(first * self.context_length, last * self.context_length, width=self.context_length)
        rest = self.num_contexts - num_whole * self.context_length
        if rest:
            yield self._cut(num_whole * self.context_length, self.num_contexts, width=rest)

    def _cut(self, start: int, stop: int, *, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        inputs, targets = self.inputs[start:stop], self.targets[start:stop]
        return inputs.reshape(-1, width).astype(np.int64), targets.reshape(-1, width).astype(np.int64)


def chosen_context_length(asked: int | None, *, told: Collection[int]) -> int:
    """Inputs of one window: what was asked for, or the shortest context of all models.

    Args:
        asked: None for the shortest.
        told: The context of every model that tells it; at least one, unless a length was asked for.

    Raises:
        ConfigurationError: If a model cannot read windows of the length that was asked for.
    """
    if asked is None:
        return min(told)
    if told and asked > min(told):
        raise ConfigurationError(
            f"--context-length {asked:,} is more than the shortest context of the models, {min(told):,} tokens; give "
            "that or less"
        )
    return asked


def whole_stories(stream: TokenStream, *, end_id: int, num_tokens: int) -> NDArray[np.uint32]:
    """The first stories that together hold at most `num_tokens` next tokens.

    Args:
        stream: Token ids, an end token after each story.
        end_id: The end token.
        num_tokens: Most next tokens.

    Raises:
        CorpusError: If not even one story is that short.
    """
    ends = np.flatnonzero(stream == end_id)
    fitting = ends[ends <= num_tokens]  # n tokens and one more hold n next tokens
    if not len(ends):
        raise CorpusError("the text to probe on holds no story with an end token after it; give other text.")
    if not len(fitting) or fitting[-1] == 0:
        raise CorpusError(
            f"{num_tokens:,} tokens to probe on are fewer than the {ends[0]:,} next tokens of the first story; give "
            "more, by --tokens or probe.tokens."
        )
    return np.asarray(stream[: fitting[-1] + 1], dtype=np.uint32)
