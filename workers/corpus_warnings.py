"""Say what a reader of the results should know about the text behind them."""

from collections.abc import Iterator

import numpy as np

from configs.corpus import ALL_STORIES, CorpusConfig, StoryCount
from workers.corpus_encoding import EncodedStories

__all__ = ["corpus_warnings"]


def corpus_warnings(
    config: CorpusConfig,
    *,
    train: EncodedStories,
    validation: EncodedStories,
    num_tokenizer_stories: int | None,
    num_learnt_entries: int,
    vocab_size: int,
) -> tuple[str, ...]:
    """Compare what was asked for with what was found.

    Args:
        config: What was asked for.
        train: The encoded training stories.
        validation: The encoded validation stories.
        num_tokenizer_stories: Stories that the tokenizer learnt from; None if it came with the model.
        num_learnt_entries: Entries of the tokenizer, special tokens included.
        vocab_size: Entries of the model's vocabulary.

    Returns:
        One sentence for each thing worth knowing; empty if there is none.
    """
    return (
        *_fewer_stories("train_stories", asked=config.train_stories, found=train.num_stories),
        *_fewer_stories("validation_stories", asked=config.validation_stories, found=validation.num_stories),
        *_too_little_learnt(config, num_tokenizer_stories, num_learnt_entries, vocab_size=vocab_size),
        *_other_length(config.reference_train_tokens, num_tokens=int(train.tokens.size)),
        *_repeated_stories(train),
        *_shared_stories(train, validation=validation),
    )


def _too_little_learnt(
    config: CorpusConfig, num_tokenizer_stories: int | None, num_learnt_entries: int, *, vocab_size: int
) -> Iterator[str]:
    if num_tokenizer_stories is None:
        return
    yield from _fewer_stories("tokenizer_stories", asked=config.tokenizer_stories, found=num_tokenizer_stories)
    yield from _smaller_vocabulary(num_learnt_entries, vocab_size=vocab_size)


def _fewer_stories(field: str, *, asked: StoryCount, found: int) -> Iterator[str]:
    if asked != ALL_STORIES and found < asked:
        yield f"corpus.{field}={asked}, but the text holds only {found}; all of them are used."


def _smaller_vocabulary(num_learnt_entries: int, *, vocab_size: int) -> Iterator[str]:
    if num_learnt_entries < vocab_size:
        yield (
            f"The tokenizer found {num_learnt_entries} entries, fewer than model.vocab_size={vocab_size}; the model "
            f"keeps {vocab_size}, of which {vocab_size - num_learnt_entries} never occur."
        )


def _other_length(reference: int | None, *, num_tokens: int) -> Iterator[str]:
    if reference is not None and num_tokens != reference:
        yield (
            f"The training stream has {num_tokens} tokens, not the {reference} of the study that is repeated: windows "
            "will not fall as published, and losses will differ from its table."
        )


def _repeated_stories(train: EncodedStories) -> Iterator[str]:
    num_repeated = train.num_stories - int(np.unique(train.story_digests).size)
    if num_repeated:
        yield (
            f"{num_repeated} of {train.num_stories} training stories repeat an earlier one; each pass shows them again."
        )


def _shared_stories(train: EncodedStories, *, validation: EncodedStories) -> Iterator[str]:
    num_shared = int(np.isin(validation.story_digests, train.story_digests).sum())
    if num_shared:
        yield (
            f"{num_shared} of {validation.num_stories} validation stories are training stories, too; the "
            "validation loss is lower than on unseen text."
        )
