"""Probe tokens are whole stories, cut into windows, and known by their hash."""

from dataclasses import replace

import numpy as np
import pytest

from configs.errors import CorpusError
from workers.probes.tokens import ProbeTokens, whole_stories

END = 3
STREAM = np.array([5, 6, 7, END, 8, END, 9, 10, 11, 12, END], dtype=np.uint16)


@pytest.fixture
def tokens() -> ProbeTokens:
    """Three stories of 11 tokens in windows of four."""
    return ProbeTokens(stream=STREAM.astype(np.uint32), end_id=END, context_length=4)


@pytest.mark.parametrize(("num_tokens", "length"), [(10, 11), (1_000, 11), (9, 6), (5, 6), (4, 4), (3, 4)])
def test_only_whole_stories_are_taken(num_tokens: int, length: int) -> None:
    taken = whole_stories(STREAM, end_id=END, num_tokens=num_tokens)

    assert taken.tolist() == STREAM[:length].tolist()


def test_fewer_tokens_than_the_first_story_are_refused() -> None:
    with pytest.raises(CorpusError, match="2 tokens to probe on are fewer than the 3 next tokens of the first story"):
        whole_stories(STREAM, end_id=END, num_tokens=2)


def test_text_without_an_end_token_is_refused() -> None:
    with pytest.raises(CorpusError, match="no story"):
        whole_stories(STREAM[:3], end_id=END, num_tokens=2)


@pytest.mark.parametrize("num_tokens", [1, 4, 8, 100])
def test_every_token_but_the_first_is_predicted_once_and_in_order(tokens: ProbeTokens, num_tokens: int) -> None:
    batches = list(tokens.batches(num_tokens=num_tokens))

    assert np.concatenate([inputs.ravel() for inputs, _ in batches]).tolist() == STREAM[:-1].tolist()
    assert np.concatenate([targets.ravel() for _, targets in batches]).tolist() == STREAM[1:].tolist()
    assert [inputs.shape[1] for inputs, _ in batches][-1] == 2
    assert {inputs.shape[1] for inputs, _ in batches[:-1]} == {4}


def test_an_end_token_belongs_to_the_story_that_it_ends(tokens: ProbeTokens) -> None:
    assert tokens.stories.tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 2, 2]


def test_hash_tells_tokens_and_windows_apart(tokens: ProbeTokens) -> None:
    changed = tokens.stream.copy()
    changed[0] = 4

    hashes = {
        tokens.sha256,
        replace(tokens, stream=changed).sha256,
        replace(tokens, context_length=5).sha256,
    }

    assert len(hashes) == 3
    assert replace(tokens, stream=tokens.stream.copy()).sha256 == tokens.sha256
