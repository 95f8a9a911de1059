"""Sort contexts into classes: by the frequency, the surprisal and the part of speech of their tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LEAST_CONTEXTS",
    "TokenClass",
    "every_context",
    "frequency_classes",
    "part_of_speech_classes",
    "surprisal_classes",
]

LEAST_CONTEXTS = 30
"""A class of fewer contexts keeps its row and gets no values."""

_FREQUENCY_BORDERS = (10, 100, 1_000, 10_000, 100_000)
"""Decades of raw counts, as in Fehlauer et al. 2025, arXiv:2509.26643."""
_SURPRISAL_BORDERS_NATS = (1, 2, 4, 8)
"""As in the same study."""

_NOUNS = frozenset({"NN", "NNS", "NNP", "NNPS"})
_VERBS = frozenset({"VB", "VBD", "VBG", "VBN", "VBP", "VBZ"})
_FUNCTION = frozenset(
    {"CC", "DT", "EX", "IN", "MD", "PDT", "POS", "PRP", "PRP$", "RP", "TO", "WDT", "WP", "WP$", "WRB"}
)
_CONTENT = _NOUNS | _VERBS | {"JJ", "JJR", "JJS", "RB", "RBR", "RBS"}
_GROUPS = {"nouns": _NOUNS, "verbs": _VERBS, "function words": _FUNCTION, "content words": frozenset(_CONTENT)}


@dataclass(frozen=True, eq=False, slots=True)
class TokenClass:
    """Some of the contexts."""

    system: str
    """`all`, `frequency`, `pos_next`, `pos_previous` or `surprisal`."""
    name: str
    members: NDArray[np.bool_]
    """Whether each context belongs to the class, shape (num_contexts,)."""


def every_context(num_contexts: int) -> TokenClass:
    """The class of all contexts."""
    return TokenClass("all", "all", np.ones(num_contexts, dtype=bool))


def frequency_classes(targets: NDArray[np.integer], *, counts: NDArray[np.int64]) -> list[TokenClass]:
    """Decades of how often the next token occurs in the training corpus, rarest first.

    Args:
        targets: The next token of each context, shape (num_contexts,).
        counts: Occurrences of each token type, shape (num_types,).
    """
    return _between("frequency", counts[targets], borders=_FREQUENCY_BORDERS, is_integer=True)


def surprisal_classes(surprisal_nats: NDArray[np.floating]) -> list[TokenClass]:
    """How surprising the next token is at the end of training, least first.

    Args:
        surprisal_nats: Mean over seeds at the last interval, shape (num_contexts,). The mean, since one seed's own
            surprisal would tie the classes to that seed.
    """
    return _between("surprisal", surprisal_nats, borders=_SURPRISAL_BORDERS_NATS, is_integer=False)


def part_of_speech_classes(tags: Sequence[str] | NDArray[np.str_], *, system: str) -> list[TokenClass]:
    """One class for each Penn tag, then nouns, verbs, function and content words.

    Args:
        tags: The tag of a token in each context, of length num_contexts; empty where there is none.
        system: `pos_next` or `pos_previous`.
    """
    array = np.asarray(tags)
    known = sorted(set(array.tolist()) - {""})
    single = [TokenClass(system, tag, array == tag) for tag in known]
    return single + [TokenClass(system, name, np.isin(array, sorted(tags))) for name, tags in _GROUPS.items()]


def _between(system: str, values: NDArray[np.generic], *, borders: Sequence[int], is_integer: bool) -> list[TokenClass]:
    index = np.digitize(values, borders)  # type: ignore[arg-type]
    lows = (0, *borders)
    names = [f"{low}-{high - 1 if is_integer else high}" for low, high in zip(lows, borders, strict=False)]
    names.append(f"{borders[-1]}+")
    return [TokenClass(system, name, index == position) for position, name in enumerate(names)]
