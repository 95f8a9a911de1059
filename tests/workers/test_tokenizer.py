"""The tokenizer has the published settings, learns the same thing anywhere, and trusts no damaged cache."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from workers.stories import generate_stories
from workers.tokenizer import cached_tokenizer, tokenizer_fingerprint, train_tokenizer

ROOT = Path(__file__).parents[2]
TRAIN_AND_HASH = """
import hashlib
from workers.stories import generate_stories
from workers.tokenizer import train_tokenizer
stories = list(generate_stories(split="train", num_stories=300))
print(hashlib.sha256(train_tokenizer(stories, vocab_size=600).to_str().encode()).hexdigest())
"""


@pytest.fixture
def stories() -> list[str]:
    return list(generate_stories(split="train", num_stories=100))


def test_special_tokens_have_the_published_ids(stories: list[str]) -> None:
    tokenizer = train_tokenizer(stories, vocab_size=300)

    assert [tokenizer.id_to_token(index) for index in range(4)] == ["<pad>", "<unk>", "<bos>", "<eos>"]


def test_settings_are_the_published_ones(stories: list[str]) -> None:
    settings = json.loads(train_tokenizer(stories, vocab_size=300).to_str())

    assert settings["model"]["type"] == "BPE"
    assert settings["model"]["unk_token"] == "<unk>"
    assert settings["pre_tokenizer"]["type"] == "ByteLevel"
    assert settings["pre_tokenizer"]["add_prefix_space"] is False
    assert settings["normalizer"] is None
    assert settings["post_processor"] is None


def test_decoding_gives_the_text_back(stories: list[str]) -> None:
    tokenizer = train_tokenizer(stories, vocab_size=400)

    assert tokenizer.decode(tokenizer.encode(stories[7]).ids) == stories[7]


def test_byte_that_was_never_learnt_is_unknown(stories: list[str]) -> None:
    # The published settings give no initial alphabet.
    tokenizer = train_tokenizer(stories, vocab_size=400)

    assert tokenizer.encode("\x07").tokens == ["<unk>"]


def test_pair_that_occurs_once_is_not_learnt() -> None:
    # a, b and Ġ are the alphabet; "ab" occurs once, so min_frequency 2 leaves no pair to merge.
    tokenizer = train_tokenizer(["ab"], vocab_size=100)

    assert tokenizer.get_vocab_size() == 4 + 2


@pytest.mark.parametrize(
    "environment", [{"RAYON_NUM_THREADS": "1"}, {"RAYON_NUM_THREADS": "5"}, {"PYTHONHASHSEED": "7"}]
)
def test_number_of_threads_leaves_the_tokenizer_unchanged(environment: dict[str, str]) -> None:
    expected = _hash_in_a_process({})

    assert _hash_in_a_process(environment) == expected


def test_second_call_reads_the_cache(stories: list[str], tmp_path: Path) -> None:
    first = cached_tokenizer(stories, vocab_size=300, cache_dir=tmp_path / "new")
    (file,) = (tmp_path / "new").iterdir()
    written = file.stat().st_mtime_ns
    second = cached_tokenizer(stories, vocab_size=300, cache_dir=tmp_path / "new")

    assert second.to_str() == first.to_str() == train_tokenizer(stories, vocab_size=300).to_str()
    assert file.stat().st_mtime_ns == written


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{}",
        b"[1]",
        b"\xff\xfe",
        b'{"sha256": "0", "tokenizer_json": "{}"}',
        b'{"sha256": 1, "tokenizer_json": 2}',
    ],
)
def test_damaged_cache_file_is_trained_again(stories: list[str], tmp_path: Path, damage: bytes) -> None:
    expected = cached_tokenizer(stories, vocab_size=300, cache_dir=tmp_path).to_str()
    (file,) = tmp_path.iterdir()
    intact = file.read_bytes()
    file.write_bytes(damage)

    assert cached_tokenizer(stories, vocab_size=300, cache_dir=tmp_path).to_str() == expected
    assert file.read_bytes() == intact


def test_one_changed_letter_in_the_cache_is_noticed(stories: list[str], tmp_path: Path) -> None:
    expected = cached_tokenizer(stories, vocab_size=300, cache_dir=tmp_path).to_str()
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes().replace(b"<eos>", b"<sos>"))

    assert cached_tokenizer(stories, vocab_size=300, cache_dir=tmp_path).to_str() == expected


def test_cache_that_cannot_be_written_does_not_stop_the_training(stories: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    assert isinstance(cached_tokenizer(stories, vocab_size=300, cache_dir=tmp_path / "file"), Tokenizer)


def test_fingerprint_sees_settings_and_borders_of_texts() -> None:
    fingerprints = {
        tokenizer_fingerprint(["ab", "c"], vocab_size=300),
        tokenizer_fingerprint(["a", "bc"], vocab_size=300),
        tokenizer_fingerprint(["ab", "c"], vocab_size=301),
        tokenizer_fingerprint(["c", "ab"], vocab_size=300),
    }

    assert len(fingerprints) == 4


def _hash_in_a_process(environment: dict[str, str]) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        [sys.executable, "-c", TRAIN_AND_HASH], env=environment, check=True, capture_output=True, text=True
    ).stdout
