"""Turn stories into one flat stream of tokens, an end token after each story."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

__all__ = ["EncodedStories", "TokenStream", "encode_texts"]

TokenStream: TypeAlias = NDArray[np.uint16] | NDArray[np.uint32]
TokenType: TypeAlias = type[np.uint16] | type[np.uint32]

STORIES_PER_BATCH = 512  # About half a megabyte of TinyStories: enough to keep all threads of the encoder busy.
UINT16_VALUES = 65_536


@dataclass(frozen=True, eq=False, slots=True)
class EncodedStories:
    """A token stream and what is remembered of its stories.

    Attributes:
        tokens: Token ids, read-only, shape (num_tokens,).
        story_digests: One digest per story, to find the same story again, shape (num_stories,).
    """

    tokens: TokenStream
    story_digests: NDArray[np.uint64]

    @property
    def num_stories(self) -> int:
        """Stories in the stream."""
        return int(self.story_digests.size)


def encode_texts(stories: Iterable[str], *, tokenizer: Tokenizer, end_id: int, vocab_size: int) -> EncodedStories:
    """Encode stories in batches; beside the stream itself only one batch is in memory.

    Args:
        stories: The texts, in order.
        tokenizer: Of whatever origin. Its special tokens, written out in a story, are encoded as the plain text that
            they are there, so that the end token stands at the ends of stories only.
        end_id: The token to put after each story.
        vocab_size: Entries of the model's vocabulary; decides the width of a token id.

    Returns:
        The stream in the order of the stories, an end token after each.
    """
    plain = Tokenizer.from_str(tokenizer.to_str())
    plain.no_padding()
    plain.no_truncation()
    plain.encode_special_tokens = True
    dtype = _token_dtype(vocab_size)
    stream = bytearray()  # Grows in place; joining arrays at the end would hold every token twice.
    digests = array("Q")
    for batch in _batches(stories):
        for encoding in plain.encode_batch_fast(batch, add_special_tokens=False):
            stream += np.array([*encoding.ids, end_id], dtype=dtype).data
        digests.extend(_digest(story) for story in batch)
    return EncodedStories(tokens=_read_only(stream, dtype=dtype), story_digests=np.array(digests, dtype=np.uint64))


def _token_dtype(vocab_size: int) -> TokenType:
    return np.uint16 if vocab_size <= UINT16_VALUES else np.uint32


def _read_only(stream: bytearray, *, dtype: TokenType) -> TokenStream:
    tokens = np.frombuffer(stream, dtype=np.uint16) if dtype is np.uint16 else np.frombuffer(stream, dtype=np.uint32)
    tokens.flags.writeable = False
    return tokens


def _batches(stories: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(stories)
    while batch := list(islice(remaining, STORIES_PER_BATCH)):
        yield batch


def _digest(story: str) -> int:
    return int.from_bytes(blake2b(story.encode(), digest_size=8).digest(), "little")
