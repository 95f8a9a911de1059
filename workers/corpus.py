"""Make the token streams that every seed of an experiment reads."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, islice
from pathlib import Path

import numpy as np

from configs.corpus import ALL_STORIES, CorpusConfig, StoryCount
from configs.durable import write_bytes_durably
from configs.errors import CorpusError
from configs.run_paths import RunPaths
from workers.corpus_encoding import TokenStream, encode_texts
from workers.corpus_files import read_stream, read_tokenizer, write_stream
from workers.corpus_warnings import corpus_warnings
from workers.given_tokenizer import GivenTokenizer
from workers.stories import Split
from workers.story_sources import read_stories
from workers.tokenizer import END_TOKEN, cached_tokenizer

__all__ = ["Corpus", "assemble_corpus", "load_corpus", "prepare_corpus", "require_windows", "save_corpus"]


@dataclass(frozen=True, eq=False)
class Corpus:
    """Training and validation tokens with the tokenizer that made them.

    Attributes:
        train: Training token ids, uint16 or uint32, shape (num_train_tokens,).
        validation: Validation token ids, of the same type, shape (num_validation_tokens,).
        tokenizer_json: The tokenizer, as Hugging Face tokenizers read it.
        num_train_stories: Stories in the training stream.
        num_validation_stories: Stories in the validation stream.
        warnings: What a reader of the results should know about the text, one sentence each.
    """

    train: TokenStream
    validation: TokenStream
    tokenizer_json: str
    num_train_stories: int
    num_validation_stories: int
    warnings: tuple[str, ...]

    @cached_property
    def fingerprint(self) -> str:
        """Sha256 over both streams and the tokenizer, 64 hexadecimal digits."""
        digest = hashlib.sha256()
        for part in (self.tokenizer_json.encode(), _little_endian(self.train), _little_endian(self.validation)):
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
        return digest.hexdigest()

    @property
    def end_id(self) -> int:
        """The token after each story, with which a stream of whole stories ends."""
        return int(self.train[-1])

    @property
    def num_unique_tokens(self) -> int:
        """Training tokens in one pass."""
        return int(self.train.size)


def prepare_corpus(
    config: CorpusConfig, *, vocab_size: int, cache_dir: Path, given: GivenTokenizer | None = None
) -> Corpus:
    """Read the stories, train the tokenizer unless one is given, and encode both splits; every source is read once.

    The tokenizer learns from the first `tokenizer_stories` training stories of the source, whatever `train_stories`
    is: conditions that differ in the amount of training text keep one tokenizer, so that their losses per token can
    be compared. With `all` it learns from the training stories themselves. Those stories are held in memory; the
    others are not.

    Args:
        config: Which stories, and how many.
        vocab_size: Entries of the model's vocabulary; 260 hold any text, since bytes are never left out.
        cache_dir: Where trained tokenizers are kept.
        given: A tokenizer that was trained elsewhere; None trains one.

    Returns:
        Flat streams in the order of the stories, the end token after each.

    Raises:
        ConfigurationError: If the config names no file, or all of the endless built-in stories.
        CorpusError: If the text cannot be had or holds no story.
    """
    num_tokenizer_stories = 1 if given is not None else _number_to_learn_from(config)
    train = read_stories(config, split="train", num_stories=_larger(config.train_stories, num_tokenizer_stories))
    validation = read_stories(config, split="validation", num_stories=config.validation_stories)

    tokenizer_stories = list(_first(train, num_stories=num_tokenizer_stories))
    _require_stories(len(tokenizer_stories), split="train")
    used = given or _trained(tokenizer_stories, vocab_size=vocab_size, cache_dir=cache_dir)

    train_stories = _first(chain(tokenizer_stories, train), num_stories=config.train_stories)
    encode = partial(encode_texts, tokenizer=used.tokenizer, end_id=used.end_id, vocab_size=vocab_size)
    encoded_train = encode(train_stories)
    encoded_validation = encode(validation)
    _require_stories(encoded_validation.num_stories, split="validation")
    return Corpus(
        train=encoded_train.tokens,
        validation=encoded_validation.tokens,
        tokenizer_json=used.tokenizer.to_str(),
        num_train_stories=encoded_train.num_stories,
        num_validation_stories=encoded_validation.num_stories,
        warnings=corpus_warnings(
            config,
            train=encoded_train,
            validation=encoded_validation,
            num_tokenizer_stories=None if given else len(tokenizer_stories),
            num_learnt_entries=used.tokenizer.get_vocab_size(),
            vocab_size=vocab_size,
        ),
    )


def require_windows(corpus: Corpus, *, context_length: int, evaluation_tokens: int, evaluation_offset: int) -> None:
    """Refuse a corpus that is too short for one training window or for the evaluated slice.

    Args:
        corpus: The streams.
        context_length: Inputs of one window in tokens; its targets reach one token further.
        evaluation_tokens: Evaluated next tokens.
        evaluation_offset: Index in the validation stream of the first evaluated input.

    Raises:
        CorpusError: If a stream is too short; names both lengths and the remedy.
    """
    # One token more than a window: the sequential order takes positions modulo len - (context_length + 1).
    needed = context_length + 2
    if corpus.train.size < needed:
        raise CorpusError(
            f"The training stream has {corpus.train.size} tokens, but model.context_length={context_length} needs at "
            f"least {needed}; give more training stories or lower model.context_length."
        )
    needed = evaluation_offset + evaluation_tokens + 1
    if corpus.validation.size < needed:
        raise CorpusError(
            f"The validation stream has {corpus.validation.size} tokens, but evaluation.offset={evaluation_offset} and "
            f"evaluation.tokens={evaluation_tokens} need at least {needed}; lower one of them or give more "
            "validation stories."
        )


def save_corpus(corpus: Corpus, *, paths: RunPaths) -> None:
    """Write the tokenizer and both streams, each durably.

    Args:
        corpus: What to keep. Its warnings are not kept: they belong to the moment of preparing.
        paths: The run directory; directories are made if they are missing.
    """
    paths.corpus_dir.mkdir(parents=True, exist_ok=True)
    write_bytes_durably(paths.tokenizer_file, corpus.tokenizer_json.encode())
    write_stream(corpus.train, path=paths.stream_file("train"))
    write_stream(corpus.validation, path=paths.stream_file("validation"))


def load_corpus(paths: RunPaths) -> Corpus:
    """Read a corpus back; the streams stay on disk and are mapped into memory, read-only.

    Whether the tokens are those that were written is told by comparing `Corpus.fingerprint` with the manifest's.

    Args:
        paths: The run directory.

    Returns:
        The corpus, without warnings.

    Raises:
        RunDirectoryError: If a file is missing, cut short, or not what it should be.
    """
    return assemble_corpus(
        read_tokenizer(paths.tokenizer_file),
        train=read_stream(paths.stream_file("train")),
        validation=read_stream(paths.stream_file("validation")),
    )


def assemble_corpus(tokenizer_json: str, *, train: TokenStream, validation: TokenStream) -> Corpus:
    """The corpus that a tokenizer and two streams make, without warnings."""
    end_id = train[-1]
    return Corpus(
        train=train,
        validation=validation,
        tokenizer_json=tokenizer_json,
        num_train_stories=int(np.count_nonzero(train == end_id)),
        num_validation_stories=int(np.count_nonzero(validation == end_id)),
        warnings=(),
    )


def _trained(stories: Sequence[str], *, vocab_size: int, cache_dir: Path) -> GivenTokenizer:
    tokenizer = cached_tokenizer(stories, vocab_size=vocab_size, cache_dir=cache_dir)
    end_id = tokenizer.token_to_id(END_TOKEN)
    assert end_id is not None, "every tokenizer of ours has the end token"
    return GivenTokenizer(tokenizer, end_id=end_id)


def _number_to_learn_from(config: CorpusConfig) -> StoryCount:
    return config.train_stories if config.tokenizer_stories == ALL_STORIES else config.tokenizer_stories


def _larger(one: StoryCount, other: StoryCount) -> StoryCount:
    return ALL_STORIES if one == ALL_STORIES or other == ALL_STORIES else max(one, other)


def _first(stories: Iterator[str], *, num_stories: StoryCount) -> Iterator[str]:
    return stories if num_stories == ALL_STORIES else islice(stories, num_stories)


def _require_stories(num_stories: int, *, split: Split) -> None:
    if num_stories == 0:
        raise CorpusError(f"The {split} text holds no story; point corpus.source at text that does.")


def _little_endian(stream: TokenStream) -> memoryview:
    dtype = stream.dtype.newbyteorder("<")
    return np.ascontiguousarray(stream, dtype=dtype).view(np.uint8).data
