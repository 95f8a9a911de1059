"""The token streams are the published ones, survive the way to disk, and say what is odd about them."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from configs.corpus import CorpusConfig
from configs.errors import CorpusError, RunDirectoryError
from configs.run_paths import RunPaths
from workers.corpus import Corpus, load_corpus, prepare_corpus, require_windows, save_corpus

ROOT = Path(__file__).parents[2]
TINYSTORIES = ROOT.parent / "shared" / "data" / "tinystories"
needs_tinystories = pytest.mark.skipif(not TINYSTORIES.is_dir(), reason=f"the TinyStories text is not in {TINYSTORIES}")
SEPARATOR = "\n<|endoftext|>\n"


@pytest.fixture
def small(tmp_path: Path) -> Corpus:
    config = CorpusConfig(train_stories=30, validation_stories=10, tokenizer_stories=20)
    return prepare_corpus(config, vocab_size=300, cache_dir=tmp_path / "cache")


def tinystories(**settings: Any) -> CorpusConfig:
    train = str(TINYSTORIES / "train_first_2316.txt")
    validation = str(TINYSTORIES / "valid_first_220.txt")
    return CorpusConfig(source="files", train=(train,), validation=(validation,), order="sequential", **settings)


def text_config(folder: Path, train: list[str], validation: list[str], **settings: Any) -> CorpusConfig:
    (folder / "train.txt").write_text("".join(story + SEPARATOR for story in train))
    (folder / "validation.txt").write_text("".join(story + SEPARATOR for story in validation))
    files = {"train": (str(folder / "train.txt"),), "validation": (str(folder / "validation.txt"),)}
    counts = dict.fromkeys(("train_stories", "validation_stories", "tokenizer_stories"), "all")
    return CorpusConfig.model_validate({"source": "files"} | files | counts | settings)


@needs_tinystories
def test_published_streams_have_the_published_lengths(tmp_path: Path) -> None:
    # arXiv 2606.13370: "epoch equivalent" is tokens / 428,628; the validation length is in the data's PROVENANCE.md.
    config = tinystories(train_stories=2_000, tokenizer_stories=1_000, reference_train_tokens=428_628)

    corpus = prepare_corpus(config, vocab_size=4_096, cache_dir=tmp_path)

    assert corpus.num_unique_tokens == 428_628
    assert corpus.validation.size == 47_787
    assert corpus.train.dtype == np.uint16
    assert corpus.warnings == ("corpus.validation_stories=2000, but the text holds only 220; all of them are used.",)


@needs_tinystories
def test_all_of_the_file_has_the_length_told_with_it(tmp_path: Path) -> None:
    config = tinystories(
        train_stories="all", validation_stories="all", tokenizer_stories=1_000, reference_train_tokens=428_628
    )

    corpus = prepare_corpus(config, vocab_size=4_096, cache_dir=tmp_path)

    assert corpus.num_unique_tokens == 526_267
    assert corpus.num_train_stories == 2_316
    assert len(corpus.warnings) == 1
    assert "526267 tokens, not the 428628" in corpus.warnings[0]


def test_stream_is_the_stories_in_order_with_an_end_token_after_each(tmp_path: Path) -> None:
    stories = ["the cat sat", "on the mat", "the end\n"]
    config = text_config(tmp_path, stories, ["the cat"])

    corpus = prepare_corpus(config, vocab_size=60, cache_dir=tmp_path)

    tokenizer = Tokenizer.from_str(corpus.tokenizer_json)
    text = tokenizer.decode(corpus.train.tolist(), skip_special_tokens=False)
    assert text == "the cat sat<eos>on the mat<eos>the end\n<eos>"
    assert corpus.train[-1] == 3


def test_more_stories_than_one_batch_keep_their_order(tmp_path: Path) -> None:
    stories = [f"story {index}" for index in range(1_300)]
    config = text_config(tmp_path, stories, ["story"])

    corpus = prepare_corpus(config, vocab_size=40, cache_dir=tmp_path)

    text = Tokenizer.from_str(corpus.tokenizer_json).decode(corpus.train.tolist(), skip_special_tokens=False)
    assert text == "".join(f"{story}<eos>" for story in stories)
    assert corpus.num_train_stories == 1_300


def test_special_token_written_in_a_story_is_plain_text(tmp_path: Path) -> None:
    config = text_config(tmp_path, ["a <eos> b", "a <eos> c"], ["a"])

    corpus = prepare_corpus(config, vocab_size=60, cache_dir=tmp_path)

    assert np.count_nonzero(corpus.train == 3) == 2


def test_second_preparation_equals_the_first(small: Corpus, tmp_path: Path) -> None:
    config = CorpusConfig(train_stories=30, validation_stories=10, tokenizer_stories=20)

    again = prepare_corpus(config, vocab_size=300, cache_dir=tmp_path / "cache")

    assert again.fingerprint == small.fingerprint


def test_tokenizer_is_the_same_for_any_number_of_training_stories(small: Corpus, tmp_path: Path) -> None:
    config = CorpusConfig(train_stories=5, validation_stories=10, tokenizer_stories=20)

    smaller = prepare_corpus(config, vocab_size=300, cache_dir=tmp_path / "cache")

    assert smaller.tokenizer_json == small.tokenizer_json
    assert smaller.num_train_stories == 5
    assert np.array_equal(smaller.train, small.train[: smaller.train.size])


def test_large_vocabulary_needs_wider_tokens(tmp_path: Path) -> None:
    config = text_config(tmp_path, ["a b a b"], ["a b"])

    narrow = prepare_corpus(config, vocab_size=65_536, cache_dir=tmp_path)
    wide = prepare_corpus(config, vocab_size=65_537, cache_dir=tmp_path)

    assert (narrow.train.dtype.name, wide.train.dtype.name) == ("uint16", "uint32")
    assert narrow.train.tolist() == wide.train.tolist()


def test_streams_cannot_be_changed(small: Corpus) -> None:
    with pytest.raises(ValueError, match=r"read-only"):
        small.train[0] = 1


def test_fingerprint_sees_each_part(small: Corpus) -> None:
    changed = small.train.copy()
    changed[0] += 1
    fingerprints = {
        small.fingerprint,
        replace(small, train=changed).fingerprint,
        replace(small, train=small.validation, validation=small.train).fingerprint,
        replace(small, tokenizer_json=small.tokenizer_json + " ").fingerprint,
    }

    assert len(fingerprints) == 4


def test_oddities_of_the_text_are_told(tmp_path: Path) -> None:
    config = text_config(tmp_path, ["one two", "three four", "one two"], ["three four", "five"], train_stories=9)

    warnings = prepare_corpus(config, vocab_size=300, cache_dir=tmp_path).warnings

    assert [sentence.split(";")[0] for sentence in warnings[:1] + warnings[2:]] == [
        "corpus.train_stories=9, but the text holds only 3",
        "1 of 3 training stories repeat an earlier one",
        "1 of 2 validation stories are training stories, too",
    ]
    assert "fewer than model.vocab_size=300; the model keeps 300" in warnings[1]


def test_text_without_a_story_is_refused(tmp_path: Path) -> None:
    config = text_config(tmp_path, ["one"], ["  "])

    with pytest.raises(CorpusError, match=r"The validation text holds no story"):
        prepare_corpus(config, vocab_size=300, cache_dir=tmp_path)


def test_saved_corpus_is_loaded_equal(small: Corpus, tmp_path: Path) -> None:
    paths = RunPaths(tmp_path / "run")

    save_corpus(small, paths=paths)
    loaded = load_corpus(paths)

    assert loaded.fingerprint == small.fingerprint
    assert (loaded.num_train_stories, loaded.num_validation_stories) == (30, 10)
    assert isinstance(loaded.train, np.memmap)
    assert Tokenizer.from_file(str(paths.tokenizer_file)).to_str() == small.tokenizer_json


@pytest.mark.parametrize("name", ["tokenizer.json", "corpus/train.npy", "corpus/validation.npy"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "other"])
def test_damaged_file_of_a_run_is_named(small: Corpus, tmp_path: Path, name: str, damage: str) -> None:
    paths = RunPaths(tmp_path)
    save_corpus(small, paths=paths)
    file = tmp_path / name
    content = file.read_bytes()
    file.unlink()
    if damage != "missing":
        file.write_bytes({"empty": b"", "cut": content[:-7], "other": json.dumps({"a": 1}).encode()}[damage])

    with pytest.raises(RunDirectoryError, match=f"{name} is (missing|damaged)"):
        load_corpus(paths)


def test_array_of_objects_is_never_unpickled(small: Corpus, tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    save_corpus(small, paths=paths)
    np.save(paths.stream_file("train"), np.array([{}], dtype=object), allow_pickle=True)

    with pytest.raises(RunDirectoryError, match=r"train.npy is damaged"):
        load_corpus(paths)


def test_array_of_another_kind_is_refused(small: Corpus, tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    save_corpus(small, paths=paths)
    np.save(paths.stream_file("validation"), np.zeros((2, 2), dtype=np.uint16))

    with pytest.raises(RunDirectoryError, match=r"no flat array of uint16 or uint32"):
        load_corpus(paths)


def test_just_enough_tokens_suffice(small: Corpus) -> None:
    corpus = replace(small, train=small.train[:18], validation=small.validation[:41])

    require_windows(corpus, context_length=16, evaluation_tokens=32, evaluation_offset=8)


def test_one_training_token_too_few_is_refused(small: Corpus) -> None:
    corpus = replace(small, train=small.train[:17])

    with pytest.raises(CorpusError, match=r"has 17 tokens, but model.context_length=16 needs at least 18"):
        require_windows(corpus, context_length=16, evaluation_tokens=1, evaluation_offset=0)


def test_one_validation_token_too_few_is_refused(small: Corpus) -> None:
    corpus = replace(small, validation=small.validation[:40])

    with pytest.raises(
        CorpusError, match=r"has 40 tokens, but evaluation.offset=8 and evaluation.tokens=32 need at least 41"
    ):
        require_windows(corpus, context_length=16, evaluation_tokens=32, evaluation_offset=8)


def test_corpus_needs_no_torch() -> None:
    code = "import sys, workers.corpus; sys.exit('torch' in sys.modules or 'datasets' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
