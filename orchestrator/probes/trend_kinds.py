"""Tell of what kind every probed token is: its frequency, part of speech, form and place."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from analysis.probes.token_classes import TokenClass, frequency_classes, part_of_speech_classes
from analysis.trends.token_kinds import piece_kinds, place_kinds
from workers.probes.parts_of_speech import tag_stream
from workers.probes.source import ProbeSource

__all__ = ["TokenKinds", "token_kinds"]

_NO_WORD = "none"
_WORD_KINDS = ("content words", "function words")


@dataclass(frozen=True, eq=False, slots=True)
class TokenKinds:
    """Of what kind every predicted token is."""

    by_system: dict[str, NDArray[np.str_]]
    """`piece` and `place` always; `frequency`, `part of speech` and `word` where they can be had."""
    notes: tuple[str, ...]
    """What cannot be had, and why."""


def token_kinds(source: ProbeSource) -> TokenKinds:
    """Sort the probed tokens in every way that can be had.

    Args:
        source: Tokens, tokenizer and counts.
    """
    tokens = source.tokens
    tokenizer = Tokenizer.from_str(source.tokenizer_json)
    words = [tokenizer.id_to_token(index) or "" for index in range(source.num_types)]
    kinds = {
        "piece": piece_kinds(tokens.targets, words=words, end_id=tokens.end_id),
        "place": place_kinds(tokens.num_contexts, context_length=tokens.context_length),
    }
    if source.unigram_counts is not None:
        kinds["frequency"] = _labels(frequency_classes(tokens.targets, counts=source.unigram_counts))
    parts_of_speech = tag_stream(source)
    if parts_of_speech.tags is not None:
        next_tags = np.asarray(parts_of_speech.tags[1:])
        by_word = part_of_speech_classes(next_tags, system="word")
        kinds["part of speech"] = np.where(next_tags == "", _NO_WORD, next_tags)
        kinds["word"] = _labels([one for one in by_word if one.name in _WORD_KINDS])
    return TokenKinds(kinds, parts_of_speech.notes)


def _labels(classes: Sequence[TokenClass]) -> NDArray[np.str_]:
    """The name of the one class that each token belongs to, or `none`."""
    return np.select([one.members for one in classes], [one.name for one in classes], default=_NO_WORD)
