"""Take checkpoints from Hugging Face directories, and the probed tokens from a text of the user's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from configs.corpus import ALL_STORIES, CorpusConfig
from configs.errors import CheckpointError, ConfigurationError, CorpusError
from workers.corpus_encoding import TokenStream, encode_texts
from workers.probes.checkpoint_pattern import FoundCheckpoint, find_checkpoints
from workers.probes.checkpoints import Checkpoint, CheckpointGroup
from workers.probes.failed_reading import reason_of
from workers.probes.hub_checkpoints import HUB_PREFIX, fetch_checkpoints, fetch_from_hub
from workers.probes.hugging_face import (
    context_length_of,
    end_id_of,
    num_head_rows,
    tokenizer_json_of,
    weights_sha256,
)
from workers.probes.source import ProbeSource
from workers.probes.tokens import ProbeTokens, chosen_context_length, whole_stories
from workers.story_sources import read_stories

__all__ = ["HuggingFaceRequest", "read_hugging_face_source"]


@dataclass(frozen=True, slots=True)
class HuggingFaceRequest:
    """What the user gave."""

    pattern: str
    """For example `DIR/seed{seed}/step{step}`, or `hub:ORGANIZATION/MODEL-seed{seed}@step{step}`."""
    text: Path
    """Stories to probe on, as a corpus file holds them."""
    num_tokens: int
    context_length: int | None = None
    """Inputs of one window; None takes the shortest context of all checkpoints."""
    tokenizer: Path | None = None
    """Needed where the directories hold none."""
    unigram: Path | None = None
    """Counts by token id (.npy), or a text whose tokens are counted."""
    tokens_per_step: int | None = None
    text_column: str = "text"
    conditions: tuple[str, ...] = ()
    """What the fields of a `hub:` pattern stand for; directories are searched instead."""
    seeds: tuple[int, ...] = ()
    steps: tuple[int, ...] = ()


def read_hugging_face_source(request: HuggingFaceRequest) -> ProbeSource:
    """Everything that a probe of checkpoints from elsewhere needs.

    Raises:
        UserError: If the pattern, the text or a tokenizer is wrong, or tokenizers differ.
        CheckpointError: If a directory is no checkpoint.
    """
    found = _find(request)
    tokenizer_json = _one_tokenizer(found, given=request.tokenizer)
    num_types = _num_types(found, tokenizer_json=tokenizer_json)
    end_id = _one_end_id(found)
    stream = _encode(request.text, request=request, tokenizer_json=tokenizer_json, end_id=end_id, num_types=num_types)
    tokens = ProbeTokens(
        stream=whole_stories(stream, end_id=end_id, num_tokens=request.num_tokens),
        end_id=end_id,
        context_length=_context_length(found, asked=request.context_length),
    )
    return ProbeSource(
        groups=tuple(_groups(found, tokens_per_step=request.tokens_per_step)),
        tokens=tokens,
        tokenizer_json=tokenizer_json,
        num_types=num_types,
        unigram_counts=_counts(request, tokenizer_json=tokenizer_json, end_id=end_id, num_types=num_types),
        seed_controls=(),
        stored_tokens=None,
        notes=_notes(found, request=request),
        shortage=f"{request.text} gives {tokens.num_contexts:,} of the {request.num_tokens:,} next tokens asked for"
        if tokens.num_contexts < request.num_tokens // 2
        else "",
    )


def _find(request: HuggingFaceRequest) -> tuple[FoundCheckpoint, ...]:
    if not request.pattern.startswith(HUB_PREFIX):
        return find_checkpoints(request.pattern)
    return fetch_checkpoints(
        request.pattern,
        conditions=request.conditions,
        seeds=request.seeds,
        steps=request.steps,
        fetch=fetch_from_hub,
    )


def _context_length(found: Sequence[FoundCheckpoint], *, asked: int | None) -> int:
    """What was asked for; a config need not tell the length then, but where it does, windows may not be longer."""
    lengths = {one.directory: context_length_of(one.directory) for one in found}
    silent = [directory for directory, length in lengths.items() if length is None]
    if silent and asked is None:
        raise CheckpointError(f"the config in {silent[0]} does not tell the context length; give --context-length")
    return chosen_context_length(asked, told=[length for length in lengths.values() if length is not None])


def _groups(found: Sequence[FoundCheckpoint], *, tokens_per_step: int | None) -> Iterator[CheckpointGroup]:
    for condition, of_condition in groupby(found, key=lambda one: one.condition):
        by_step = groupby(of_condition, key=lambda one: one.step)
        for interval, (step, members) in enumerate(by_step):
            yield CheckpointGroup(
                condition=condition,
                interval=interval,
                step=step,
                tokens=None if tokens_per_step is None else step * tokens_per_step,
                members=tuple(
                    Checkpoint(one.seed, str(one.directory), weights_sha256(one.directory), None) for one in members
                ),
            )


def _one_tokenizer(found: Sequence[FoundCheckpoint], *, given: Path | None) -> str:
    """The tokenizer that all checkpoints share; distributions over different vocabularies cannot be compared."""
    kept = _read_tokenizer(given) if given else None
    origin = str(given)
    for one in found:
        own = tokenizer_json_of(one.directory)
        if own is None:
            continue
        if kept is not None and _canonical(own, origin=str(one.directory)) != _canonical(kept, origin=origin):
            raise ConfigurationError(
                f"the tokenizers of {origin} and {one.directory} differ, so their predictions cannot be compared; "
                "probe checkpoints of one tokenizer at a time"
            )
        kept, origin = own, str(one.directory)
    if kept is None:
        raise ConfigurationError(f"{found[0].directory} holds no tokenizer; name one with --tokenizer FILE")
    _canonical(kept, origin=origin)
    return kept


def _read_tokenizer(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"--tokenizer {path} cannot be read: {reason_of(error)}") from None


def _canonical(tokenizer_json: str, *, origin: str) -> str:
    """The tokenizer apart from how its file is laid out, and from padding and truncation, which are never used."""
    try:
        tokenizer = Tokenizer.from_str(tokenizer_json)
    except Exception as error:  # noqa: BLE001, tokenizers raises bare Exception
        raise ConfigurationError(f"the tokenizer of {origin} cannot be read: {reason_of(error)}") from None
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return str(tokenizer.to_str())


def _num_types(found: Sequence[FoundCheckpoint], *, tokenizer_json: str) -> int:
    num_types = Tokenizer.from_str(tokenizer_json).get_vocab_size()
    for one in found:
        if num_head_rows(one.directory) < num_types:
            raise ConfigurationError(
                f"the tokenizer knows {num_types} tokens, but {one.directory} predicts "
                f"{num_head_rows(one.directory)}; they do not belong together"
            )
    return num_types


def _one_end_id(found: Sequence[FoundCheckpoint]) -> int:
    end_ids = {end_id_of(one.directory): one.directory for one in found}
    if len(end_ids) > 1:
        (one, first), (other, second) = list(end_ids.items())[:2]
        raise ConfigurationError(
            f"{first} ends a text with token {one} and {second} with token {other}; probe them one at a time"
        )
    return next(iter(end_ids))


def _encode(
    text: Path, *, request: HuggingFaceRequest, tokenizer_json: str, end_id: int, num_types: int
) -> TokenStream:
    corpus = CorpusConfig(source="files", validation=(str(text),), text_column=request.text_column)
    stories = read_stories(corpus, split="validation", num_stories=ALL_STORIES)
    tokenizer = Tokenizer.from_str(tokenizer_json)
    return encode_texts(stories, tokenizer=tokenizer, end_id=end_id, vocab_size=num_types).tokens


def _counts(
    request: HuggingFaceRequest, *, tokenizer_json: str, end_id: int, num_types: int
) -> NDArray[np.int64] | None:
    if request.unigram is None:
        return None
    if request.unigram.suffix != ".npy":
        stream = _encode(
            request.unigram, request=request, tokenizer_json=tokenizer_json, end_id=end_id, num_types=num_types
        )
        return np.bincount(stream, minlength=num_types).astype(np.int64)
    try:
        counts = np.load(request.unigram, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise CorpusError(f"--unigram {request.unigram} cannot be read: {reason_of(error)}") from None
    if counts.shape != (num_types,) or not np.issubdtype(counts.dtype, np.integer) or (counts < 0).any():
        raise CorpusError(
            f"--unigram {request.unigram} holds {counts.dtype} of shape {counts.shape}; it needs one count for each "
            f"of the {num_types} tokens"
        )
    return np.asarray(counts, dtype=np.int64)


def _notes(found: Sequence[FoundCheckpoint], *, request: HuggingFaceRequest) -> tuple[str, ...]:
    notes = []
    if request.unigram is None:
        notes.append("Without --unigram there are no token frequencies: what needs them is left empty.")
    seeds = {one.seed for one in found}
    for condition in dict.fromkeys(one.condition for one in found):
        of_condition = [one for one in found if one.condition == condition]
        num_missing = len(seeds) * len({one.step for one in of_condition}) - len(of_condition)
        if num_missing:
            notes.append(f"{condition} lacks {num_missing} of the checkpoints that its seeds and steps would have.")
    return tuple(notes)
