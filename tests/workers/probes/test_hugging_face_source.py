"""Checkpoints from elsewhere are compared only where they can be, and refused in one sentence where not."""

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from configs.errors import CheckpointError, ConfigurationError, CorpusError
from workers.probes.hugging_face_source import HuggingFaceRequest, read_hugging_face_source


def _tokenizer(*words: str) -> str:
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token=words[0]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer.to_str(pretty=True)


ENGLISH, OTHER = _tokenizer("?", "a", "b", "END"), _tokenizer("?", "b", "a", "END")


@pytest.fixture
def checkpoint(tmp_path):
    """A function that makes a directory which has everything that is read before its weights are."""

    def make(seed: int, step: int, *, tokenizer: str | None = ENGLISH, **config: object) -> Path:
        directory = tmp_path / f"seed{seed}" / f"step{step}"
        directory.mkdir(parents=True)
        values = {"vocab_size": 6, "eos_token_id": 3, "max_position_embeddings": 8} | config
        (directory / "config.json").write_text(json.dumps(values))
        (directory / "model.safetensors").write_bytes(b"weights of %d at %d" % (seed, step))
        if tokenizer:
            (directory / "tokenizer.json").write_text(tokenizer)
        return directory

    return make


@pytest.fixture
def read(tmp_path):
    """A function that reads the source of all checkpoints."""
    (tmp_path / "text.txt").write_text("a b a\n<|endoftext|>\nb b b a\n")

    def run(**changes: object):
        values = {"pattern": f"{tmp_path}/seed{{seed}}/step{{step}}", "text": tmp_path / "text.txt", "num_tokens": 100}
        return read_hugging_face_source(HuggingFaceRequest(**(values | changes)))

    return run


def test_stories_are_joined_by_the_end_token_and_steps_become_intervals(checkpoint, read) -> None:
    for seed in (1, 2):
        for step in (0, 10):
            checkpoint(seed, step)

    source = read(tokens_per_step=50)

    assert source.tokens.stream.tolist() == [1, 2, 1, 3, 2, 2, 2, 1, 3]
    assert source.tokens.context_length == 8
    assert [(group.interval, group.step, group.tokens, group.seeds) for group in source.groups] == [
        (0, 0, 0, (1, 2)),
        (1, 10, 500, (1, 2)),
    ]
    assert source.num_types == 4
    assert source.unigram_counts is None
    assert "Without --unigram" in source.notes[0]


def test_changed_weights_have_another_hash(checkpoint, read) -> None:
    directory = checkpoint(1, 0)
    before = read().groups[0].members[0].weights_sha256

    (directory / "model.safetensors").write_bytes(b"other weights")

    assert read().groups[0].members[0].weights_sha256 != before


def test_layout_of_a_tokenizer_file_is_no_difference(checkpoint, read) -> None:
    checkpoint(1, 0)
    checkpoint(2, 0, tokenizer=json.dumps(json.loads(ENGLISH)))

    assert len(read().groups[0].members) == 2


def test_different_tokenizers_are_refused(checkpoint, read) -> None:
    checkpoint(1, 0)
    checkpoint(2, 0, tokenizer=OTHER)

    with pytest.raises(ConfigurationError, match=r"tokenizers of .*seed1/step0 and .*seed2/step0 differ, so their"):
        read()


def test_counts_come_from_an_array_or_from_a_text(checkpoint, read, tmp_path) -> None:
    checkpoint(1, 0)
    np.save(tmp_path / "counts.npy", np.array([0, 5, 6, 7]))

    assert read(unigram=tmp_path / "counts.npy").unigram_counts.tolist() == [0, 5, 6, 7]
    assert read(unigram=tmp_path / "text.txt").unigram_counts.tolist() == [0, 3, 4, 2]


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ({"vocab_size": 3}, "knows 4 tokens, but .* predicts 3; they do not belong together"),
        ({"eos_token_id": None}, "names no eos_token_id"),
        ({"max_position_embeddings": None}, "does not tell the context length; give --context-length"),
    ],
)
def test_config_that_lacks_what_is_needed_is_named(checkpoint, read, config, complaint) -> None:
    checkpoint(1, 0, **config)

    with pytest.raises((CheckpointError, ConfigurationError), match=complaint):
        read()


def test_pickled_weights_are_not_read(checkpoint, read) -> None:
    directory = checkpoint(1, 0)
    (directory / "model.safetensors").rename(directory / "pytorch_model.bin")

    with pytest.raises(CheckpointError, match=r"holds no \.safetensors file; convert its weights"):
        read()


def test_directory_without_a_tokenizer_needs_one_named(checkpoint, read, tmp_path) -> None:
    checkpoint(1, 0, tokenizer=None)

    with pytest.raises(ConfigurationError, match="holds no tokenizer; name one with --tokenizer FILE"):
        read()


def test_file_that_is_no_tokenizer_is_refused_with_its_name(checkpoint, read, tmp_path) -> None:
    checkpoint(1, 0, tokenizer=None)
    (tmp_path / "stories.txt").write_text("a b a")

    with pytest.raises(ConfigurationError, match=r"the tokenizer of .*stories\.txt cannot be read: expected value"):
        read(tokenizer=tmp_path / "stories.txt")


def test_windows_may_be_shorter_than_the_models_can_read_and_not_longer(checkpoint, read) -> None:
    checkpoint(1, 0)
    checkpoint(1, 10, max_position_embeddings=6)

    assert read(context_length=5).tokens.context_length == 5
    with pytest.raises(
        ConfigurationError, match="--context-length 7 is more than the shortest context of the models, 6"
    ):
        read(context_length=7)


def test_context_length_is_needed_where_no_config_tells_it(checkpoint, read) -> None:
    checkpoint(1, 0, max_position_embeddings=None)

    with pytest.raises(CheckpointError, match="does not tell the context length; give --context-length"):
        read()
    assert read(context_length=5).tokens.context_length == 5


def test_wrong_counts_are_refused(checkpoint, read, tmp_path) -> None:
    checkpoint(1, 0)
    np.save(tmp_path / "counts.npy", np.array([0.5, 1, 1, 1]))

    with pytest.raises(CorpusError, match="needs one count for each of the 4 tokens"):
        read(unigram=tmp_path / "counts.npy")
