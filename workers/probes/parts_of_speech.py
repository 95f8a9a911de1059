"""Tag every token of the probed stream with the part of speech of the word that it belongs to."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from workers.probes.source import ProbeSource

__all__ = ["PartsOfSpeech", "TaggedWord", "tag_stream", "token_tags", "words_of"]

_HANTA_MODEL = "morphmodel_en.pgz"
_NOT_INSTALLED = (
    "Part-of-speech classes need the extra `pos` (pip install 'seedscope[pos]'); without it their rows are absent."
)

# HanTa's English model has the tags of the British National Corpus (CLAWS C5); the studies have those of the Penn
# Treebank. Two C5 tags are wider than Penn's: DT0 (this, all, many) becomes DT, and PNI (everything) becomes NN.
_PENN_OF_C5 = {
    "AJ0": "JJ",
    "AJC": "JJR",
    "AJS": "JJS",
    "ORD": "JJ",
    "CRD": "CD",
    "AT0": "DT",
    "DT0": "DT",
    "DPS": "PRP$",
    "DTQ": "WDT",
    "EX0": "EX",
    "AV0": "RB",
    "XX0": "RB",
    "AVP": "RP",
    "AVQ": "WRB",
    "CJC": "CC",
    "CJS": "IN",
    "CJT": "IN",
    "PRF": "IN",
    "PRP": "IN",
    "TO0": "TO",
    "NN0": "NN",
    "NN1": "NN",
    "NN2": "NNS",
    "NP0": "NNP",
    "PNI": "NN",
    "PNP": "PRP",
    "PNX": "PRP",
    "PNQ": "WP",
    "POS": "POS",
    "ITJ": "UH",
    "UNC": "FW",
    "ZZ0": "SYM",
    "VM0": "MD",
    **{
        f"V{verb}{form}": penn
        for verb in "BDHV"
        for form, penn in zip("BDGINZ", ("VBP", "VBD", "VBG", "VB", "VBN", "VBZ"), strict=True)
    },
}
_PUNCTUATION = {
    ".": ".",
    "!": ".",
    "?": ".",
    ",": ",",
    '"': "''",
    "“": "''",
    "”": "''",
    "'": "''",
    "(": "-LRB-",
    ")": "-RRB-",
}

_WORD = re.compile(r"\w+?(?=n't\b)|n't\b|'(?:s|ll|re|ve|d|m)\b|\w+(?:-\w+)*|[^\w\s]")
_SENTENCE_ENDS = frozenset(".!?")

TagSentence = Callable[[Sequence[str]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class TaggedWord:
    """Where a word stands in its story, and what it is."""

    start: int
    end: int
    tag: str


@dataclass(frozen=True, eq=False, slots=True)
class PartsOfSpeech:
    """The tags of a stream."""

    tags: NDArray[np.str_] | None
    """One Penn tag for each token of the stream, empty for an end token and where no word covers half of the token;
    shape (num_contexts + 1,). None where no tagger is installed."""
    notes: tuple[str, ...]


def tag_stream(source: ProbeSource) -> PartsOfSpeech:
    """The part of speech of every probed token, by HanTa's model, which ships in its package.

    Args:
        source: Its stories are decoded, tagged, and encoded again to find each token's characters.
    """
    tag_sentence = _tagger()
    if tag_sentence is None:
        return PartsOfSpeech(None, (_NOT_INSTALLED,))
    tokenizer = Tokenizer.from_str(source.tokenizer_json)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True
    stream = source.tokens.stream
    tags: list[str] = []
    num_untagged = 0
    for story in np.split(stream, np.flatnonzero(stream == source.tokens.end_id) + 1):
        words = story[: -1 if len(story) and story[-1] == source.tokens.end_id else None]
        of_story = _tags_of_story(words.tolist(), tokenizer=tokenizer, tag_sentence=tag_sentence)
        num_untagged += of_story is None
        tags += (of_story or [""] * len(words)) + [""] * (len(story) - len(words))
    return PartsOfSpeech(np.array(tags), _untagged_note(num_untagged))


def _untagged_note(num_untagged: int) -> tuple[str, ...]:
    if not num_untagged:
        return ()
    if num_untagged == 1:
        return ("1 story does not encode to the same tokens again and has no tags.",)
    return (f"{num_untagged:,} stories do not encode to the same tokens again and have no tags.",)


def words_of(text: str, *, tag_sentence: TagSentence) -> list[TaggedWord]:
    """The words of a text with their tags, sentence by sentence; clitics (`n't`, `'s`) are words of their own.

    Args:
        text: A story.
        tag_sentence: From the words of a sentence to one Penn tag each.
    """
    tagged: list[TaggedWord] = []
    sentence: list[re.Match[str]] = []
    # One character stays one character, so that the places stay as they are.
    for match in _WORD.finditer(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")):
        sentence.append(match)
        if match.group() in _SENTENCE_ENDS:
            tagged += _tag_words(sentence, tag_sentence=tag_sentence)
            sentence = []
    return tagged + _tag_words(sentence, tag_sentence=tag_sentence)


def token_tags(words: Sequence[TaggedWord], *, text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """The tag that covers at least half of each token's visible characters; empty where none does.

    Args:
        words: In the order of the text.
        text: The story.
        spans: Where each token stands in it.
    """
    tag_of_character = [""] * len(text)
    for word in words:
        tag_of_character[word.start : word.end] = [word.tag] * (word.end - word.start)
    return [_majority(text[start:end], tag_of_character[start:end]) for start, end in spans]


def _tags_of_story(ids: list[int], *, tokenizer: Tokenizer, tag_sentence: TagSentence) -> list[str] | None:
    text = tokenizer.decode(ids, skip_special_tokens=False)
    encoding = tokenizer.encode(text, add_special_tokens=False)
    if encoding.ids != ids:
        return None
    return token_tags(words_of(text, tag_sentence=tag_sentence), text=text, spans=encoding.offsets)


def _tag_words(sentence: Sequence[re.Match[str]], *, tag_sentence: TagSentence) -> list[TaggedWord]:
    if not sentence:
        return []
    tags = tag_sentence([match.group() for match in sentence])
    return [TaggedWord(match.start(), match.end(), tag) for match, tag in zip(sentence, tags, strict=True)]


def _majority(characters: str, tags: Sequence[str]) -> str:
    visible = [tag for character, tag in zip(characters, tags, strict=True) if not character.isspace()]
    if not visible:
        return ""
    tag, count = Counter(visible).most_common(1)[0]
    return tag if 2 * count >= len(visible) else ""


@cache
def _tagger() -> TagSentence | None:
    try:
        from HanTa import HanoverTagger
    except ImportError:
        return None
    hanta: Any = HanoverTagger.HanoverTagger(_HANTA_MODEL)

    def tag_sentence(words: Sequence[str]) -> list[str]:
        return [_penn(word, tag) for word, (_, _, tag) in zip(words, hanta.tag_sent(list(words)), strict=True)]

    return tag_sentence


def _penn(word: str, tag: str) -> str:
    if tag.startswith("PU") or not any(character.isalnum() for character in word.replace("'", "")):
        return _PUNCTUATION.get(word, ":")
    return _PENN_OF_C5.get(tag, "")
