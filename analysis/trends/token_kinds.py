"""Kinds of tokens that their form and their place in a window tell."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["piece_kinds", "place_kinds"]

# How tokenizers write the space before a word: byte-level BPE, and SentencePiece.
_SPACES = ("\u0120", "\u2581")
_LINE_END = "\u010a"  # byte-level BPE's newline


def piece_kinds(targets: NDArray[np.unsignedinteger], *, words: list[str], end_id: int) -> NDArray[np.str_]:
    """Whether each token starts a word, continues one, is punctuation or space, or ends a story.

    Args:
        targets: Token ids, shape (num_tokens,).
        words: Each id's token as the tokenizer writes it.
        end_id: The token that ends a story.
    """
    of_type = np.array([_piece(word) for word in words], dtype="<U12")
    of_type[end_id] = "end of story"
    return np.asarray(of_type[targets])


def place_kinds(num_tokens: int, *, context_length: int) -> NDArray[np.str_]:
    """How many tokens of its window a prediction has before it, in powers of two.

    Args:
        num_tokens: Predicted tokens of the stream.
        context_length: Inputs of one window.
    """
    num_before = np.arange(num_tokens) % context_length + 1
    low = 2 ** np.floor(np.log2(num_before)).astype(int)
    high = np.minimum(2 * low - 1, context_length)
    return np.array([f"{a:04d}-{b:04d}" for a, b in zip(low, high, strict=True)])


def _piece(word: str) -> str:
    bare = word.lstrip("".join(_SPACES))
    if not bare or not any(character.isalnum() for character in bare.replace(_LINE_END, "")):
        return "punctuation"
    return "word start" if word.startswith(_SPACES) else "continuation"
