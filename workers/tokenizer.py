"""Train a byte-level BPE tokenizer once for each set of texts and settings."""

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import tokenizers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from configs.durable import write_bytes_durably

__all__ = [
    "END_TOKEN",
    "SPECIAL_TOKENS",
    "UNKNOWN_TOKEN",
    "cached_tokenizer",
    "tokenizer_fingerprint",
    "train_tokenizer",
]

# Settings of the published study, arXiv 2606.13370: the order of the special tokens gives them the ids 0 to 3.
UNKNOWN_TOKEN = "<unk>"
END_TOKEN = "<eos>"
SPECIAL_TOKENS = ("<pad>", UNKNOWN_TOKEN, "<bos>", END_TOKEN)
MIN_FREQUENCY = 2

logger = logging.getLogger(__name__)


def train_tokenizer(stories: Iterable[str], *, vocab_size: int) -> Tokenizer:
    """Learn a vocabulary of byte pairs; the same stories give the same one on any number of threads.

    The alphabet is the set of bytes that occur in the stories: a byte that does not is `<unk>` later on.

    Args:
        stories: The texts to learn from.
        vocab_size: Entries to learn, special tokens included. Little text yields fewer; many different bytes
            yield more, since the alphabet is never cut.

    Returns:
        A tokenizer whose decoder gives back the text.
    """
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN_TOKEN))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=MIN_FREQUENCY,
        special_tokens=list(SPECIAL_TOKENS),
        show_progress=False,
    )
    tokenizer.train_from_iterator(stories, trainer=trainer)
    return tokenizer


def cached_tokenizer(stories: Sequence[str], *, vocab_size: int, cache_dir: Path) -> Tokenizer:
    """The tokenizer of these stories, from the cache where it has been trained before.

    Args:
        stories: The texts to learn from.
        vocab_size: Entries to learn, special tokens included.
        cache_dir: Where tokenizers are kept, by fingerprint; made if it is missing. A damaged file is replaced.

    Returns:
        The same tokenizer that `train_tokenizer` gives.
    """
    path = cache_dir / f"tokenizer-{tokenizer_fingerprint(stories, vocab_size=vocab_size)}.json"
    cached = _read_cache(path)
    if cached is not None:
        return cached
    tokenizer = train_tokenizer(stories, vocab_size=vocab_size)
    _write_cache(path, tokenizer_json=tokenizer.to_str())
    return tokenizer


def tokenizer_fingerprint(stories: Iterable[str], *, vocab_size: int) -> str:
    """Sha256 over all that decides what is learnt: settings, version of the library, and the exact texts.

    Args:
        stories: The texts to learn from.
        vocab_size: Entries to learn, special tokens included.

    Returns:
        64 hexadecimal digits.
    """
    settings = [tokenizers.__version__, vocab_size, MIN_FREQUENCY, SPECIAL_TOKENS]
    digest = hashlib.sha256(json.dumps(settings).encode())
    for story in stories:
        text = story.encode()
        digest.update(len(text).to_bytes(8, "little"))
        digest.update(text)
    return digest.hexdigest()


def _read_cache(path: Path) -> Tokenizer | None:
    if not path.exists():
        return None
    try:
        entry = json.loads(path.read_bytes())
        if entry["sha256"] != _sha256(entry["tokenizer_json"]):
            raise ValueError("its checksum does not hold")
        return Tokenizer.from_str(entry["tokenizer_json"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        logger.warning("%s is damaged (%s); the tokenizer is trained again.", path, error)
        return None


def _write_cache(path: Path, *, tokenizer_json: str) -> None:
    entry = {"sha256": _sha256(tokenizer_json), "tokenizer_json": tokenizer_json}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes_durably(path, json.dumps(entry).encode())
    except OSError as error:
        logger.warning("%s cannot be written (%s); the tokenizer will be trained again next time.", path, error)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
