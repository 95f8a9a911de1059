"""All that a probe needs to know before it begins: checkpoints, tokens, counts."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.probes.checkpoints import CheckpointGroup
from workers.probes.tokens import ProbeTokens

__all__ = ["ProbeSource"]


@dataclass(frozen=True, eq=False)
class ProbeSource:
    """Checkpoints of one tokenizer, and the text on which they are compared.

    Attributes:
        groups: By condition in the order of the experiment, then by interval.
        tokens: The probed tokens.
        tokenizer_json: The tokenizer of all checkpoints.
        num_types: Token ids that can occur: those of the tokenizer. A model may have more rows, as padding.
        unigram_counts: How often each id occurs in the training corpus, shape (num_types,); None where nothing tells.
        seed_controls: What a seed changes; empty where nothing tells.
        stored_tokens: The evaluated tokens, whose losses training stored; None where it stored none, or where
            conditions cut them into different windows.
        notes: What a reader should know about all this, one sentence each.
        shortage: That the text gives fewer tokens than were asked for, a sentence without its full stop; empty where it
            gives them.
    """

    groups: tuple[CheckpointGroup, ...]
    tokens: ProbeTokens
    tokenizer_json: str
    num_types: int
    unigram_counts: NDArray[np.int64] | None
    seed_controls: tuple[str, ...]
    stored_tokens: ProbeTokens | None
    notes: tuple[str, ...]
    shortage: str

    @property
    def conditions(self) -> tuple[str, ...]:
        """Every condition once, in order."""
        return tuple(dict.fromkeys(group.condition for group in self.groups))

    def groups_of(self, condition: str) -> tuple[CheckpointGroup, ...]:
        """The groups of one condition, by interval."""
        return tuple(group for group in self.groups if group.condition == condition)

    @property
    def unigram_sha256(self) -> str | None:
        """Hash of the counts."""
        if self.unigram_counts is None:
            return None
        return hashlib.sha256(self.unigram_counts.astype("<i8").tobytes()).hexdigest()
