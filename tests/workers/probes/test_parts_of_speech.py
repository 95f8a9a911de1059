"""A token has the part of speech that covers half of it."""

import pytest

from workers.probes.parts_of_speech import TaggedWord, token_tags, words_of


def test_token_takes_the_tag_of_at_least_half_of_its_visible_characters() -> None:
    text = "the cat's"
    words = [TaggedWord(0, 3, "DT"), TaggedWord(4, 7, "NN"), TaggedWord(7, 9, "POS")]

    tags = token_tags(words, text=text, spans=[(0, 3), (3, 7), (6, 9), (3, 4), (0, 9)])

    # "the", " cat", "t's", " ", "the cat's": nothing covers half of the last's eight characters.
    assert tags == ["DT", "NN", "POS", "", ""]


def test_words_are_tagged_sentence_by_sentence_and_keep_their_places() -> None:
    seen = []

    def tag(words):
        seen.append(list(words))
        return [word.upper() for word in words]

    text = "He didn\N{RIGHT SINGLE QUOTATION MARK}t go. Lily's ice-cream!"
    words = words_of(text, tag_sentence=tag)

    assert seen == [["He", "did", "n't", "go", "."], ["Lily", "'s", "ice-cream", "!"]]
    assert [text[word.start : word.end] for word in words[5:]] == ["Lily", "'s", "ice-cream", "!"]
    assert [word.tag for word in words[:3]] == ["HE", "DID", "N'T"]


def test_tags_are_those_of_the_penn_treebank() -> None:
    pytest.importorskip("HanTa")
    from workers.probes.parts_of_speech import _tagger

    tagger = _tagger()
    assert tagger is not None

    tags = tagger(["She", "loved", "to", "play", "with", "her", "big", "dogs", "."])

    assert tags == ["PRP", "VBD", "TO", "VB", "IN", "PRP$", "JJ", "NNS", "."]
