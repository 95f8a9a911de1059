"""Multiple-choice items as tokens: two solved examples, the question, and each of its options."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

__all__ = ["ChoiceItem", "EncodedOptions", "encode_options"]


@dataclass(frozen=True, slots=True)
class ChoiceItem:
    """One question with its solved examples in front."""

    task: str
    prompt: str
    """All that stands before the option."""
    options: tuple[str, ...]
    """Each continues the prompt, its leading space included."""
    correct: int
    """Index of the one correct option."""


@dataclass(frozen=True, eq=False)
class EncodedOptions:
    """Every option of every item that fits, as one sequence each."""

    items: tuple[ChoiceItem, ...]
    """The items that fit, in the order given."""
    sequences: tuple[NDArray[np.int64], ...]
    """The end token, prompt and option, one after the other; one sequence for each option of each item."""
    item: NDArray[np.int64]
    """Index of each sequence's item."""
    is_correct: NDArray[np.bool_]
    num_tokens: NDArray[np.int64]
    """Tokens of each option: those in which it differs from its prompt."""
    num_left_out: int
    """Items with an option that is longer than a window, or with a character that the tokenizer does not know."""

    @cached_property
    def sha256(self) -> str:
        """Hash of every sequence and of what is scored in it."""
        digest = hashlib.sha256()
        for ids, num_tokens in zip(self.sequences, self.num_tokens, strict=True):
            digest.update(f"{len(ids)} {num_tokens} ".encode())
            digest.update(ids.astype("<i8").tobytes())
        return digest.hexdigest()


def encode_options(
    items: Sequence[ChoiceItem], *, tokenizer: Tokenizer, end_id: int, unknown_id: int | None, context_length: int
) -> EncodedOptions:
    """Encode prompt and option together, as one text; the end token in front says that a text begins.

    Args:
        items: What is asked.
        tokenizer: That of the models.
        end_id: Its end token.
        unknown_id: Its token for unknown characters; None where every byte is known.
        context_length: Most inputs of a window.
    """
    encoded = [[_encode(item.prompt, option, tokenizer=tokenizer) for option in item.options] for item in items]
    fits = [
        all(len(ids) <= context_length and unknown_id not in ids and num_tokens for ids, num_tokens in options)
        for options in encoded
    ]
    kept = [(item, options) for item, options, does_fit in zip(items, encoded, fits, strict=True) if does_fit]
    flat = [(index, ids, num_tokens) for index, (_, options) in enumerate(kept) for ids, num_tokens in options]
    return EncodedOptions(
        items=tuple(item for item, _ in kept),
        sequences=tuple(np.array([end_id, *ids], dtype=np.int64) for _, ids, _ in flat),
        item=np.array([index for index, _, _ in flat], dtype=np.int64),
        is_correct=np.array(
            [option == item.correct for item, _ in kept for option in range(len(item.options))], dtype=bool
        ),
        num_tokens=np.array([num_tokens for _, _, num_tokens in flat], dtype=np.int64),
        num_left_out=len(items) - len(kept),
    )


def _encode(prompt: str, option: str, *, tokenizer: Tokenizer) -> tuple[list[int], int]:
    """Tokens of both, and how many of them are not the prompt's own: a tokenizer may join what meets between them."""
    alone: list[int] = tokenizer.encode(prompt, add_special_tokens=False).ids
    both: list[int] = tokenizer.encode(prompt + option, add_special_tokens=False).ids
    num_shared = next(
        (index for index, (one, other) in enumerate(zip(alone, both, strict=False)) if one != other),
        min(len(alone), len(both)),
    )
    return both, len(both) - num_shared
