"""Stories come in order, as they stand, lazily; what cannot be read is one clear sentence."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from configs.corpus import CorpusConfig
from configs.errors import ConfigurationError, CorpusError
from workers.stories import generate_stories
from workers.story_sources import read_stories

SEPARATOR = "\n<|endoftext|>\n"


def read(*paths: Path, num_stories: Any = "all", text_column: str = "text") -> Iterator[str]:
    config = CorpusConfig(source="files", train=tuple(map(str, paths)), text_column=text_column)
    return read_stories(config, split="train", num_stories=num_stories)


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def error_of(*paths: Path, text_column: str = "text") -> str:
    with pytest.raises((CorpusError, ConfigurationError)) as caught:
        list(read(*paths, text_column=text_column))
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_built_in_stories_are_those_of_the_generator() -> None:
    stories = list(read_stories(CorpusConfig(), split="validation", num_stories=5))

    assert stories == list(generate_stories(split="validation", num_stories=5))


def test_all_built_in_stories_cannot_be_asked_for() -> None:
    with pytest.raises(ConfigurationError, match=r"corpus.train_stories=all has no meaning"):
        read_stories(CorpusConfig(), split="train", num_stories="all")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("one\n\ntwo" + SEPARATOR + "three" + SEPARATOR, ["one\n\ntwo", "three"]),
        ("one" + SEPARATOR + "unterminated", ["one", "unterminated"]),
        ("  spaces stay \n" + SEPARATOR + "\n\nbreaks stay\n", ["  spaces stay \n", "\n\nbreaks stay\n"]),
        ("one\n<|endoftext|>", ["one"]),
        ("one\r\n\r\ntwo\r\n<|endoftext|>\r\nthree\r\n<|endoftext|>\r\n", ["one\r\n\r\ntwo", "three"]),
        ("\n<|endoftext|>\n\n<|endoftext|>\none" + SEPARATOR + "\n", ["one"]),
        ("\ufeffone" + SEPARATOR, ["one"]),
        ("caf\u00e9 \u00e2\u20ac\u0153" + SEPARATOR, ["caf\u00e9 \u00e2\u20ac\u0153"]),
        ("no separator at all", ["no separator at all"]),
    ],
)
def test_text_is_taken_as_it_stands(tmp_path: Path, content: str, expected: list[str]) -> None:
    assert list(read(write(tmp_path / "a.txt", content))) == expected


def test_jsonl_gives_the_named_column(tmp_path: Path) -> None:
    rows = [{"id": 1, "story": "one\n\ntwo"}, {"id": 2, "story": "caf\u00e9"}, {"id": 3, "story": ""}]
    path = write(tmp_path / "a.jsonl", "\n".join(json.dumps(row) for row in rows) + "\n\n")

    assert list(read(path, text_column="story")) == ["one\n\ntwo", "caf\u00e9"]


def test_parquet_gives_the_named_column_over_many_batches(tmp_path: Path) -> None:
    expected = [f"story {index}" for index in range(2_500)]
    pq.write_table(pa.table({"id": list(range(2_500)), "story": expected}), tmp_path / "a.parquet")

    assert list(read(tmp_path / "a.parquet", text_column="story")) == expected


def test_files_follow_each_other(tmp_path: Path) -> None:
    first = write(tmp_path / "b.txt", "one" + SEPARATOR + "two")
    second = write(tmp_path / "a.jsonl", '{"text": "three"}')

    assert list(read(first, second)) == ["one", "two", "three"]
    assert list(read(first, second, num_stories=2)) == ["one", "two"]


def test_nothing_is_read_past_the_asked_number(tmp_path: Path) -> None:
    # The rest is not UTF-8: reading one line further would fail. Python reads ahead, but decodes no more than asked.
    text = write(tmp_path / "a.txt", b"one\n<|endoftext|>\n\xff\n<|endoftext|>\n")
    lines = write(tmp_path / "a.jsonl", '{"text": "one"}\nno json\n')

    assert list(read(text, num_stories=1)) == ["one"]
    assert list(read(lines, num_stories=1)) == ["one"]


def test_no_file_named_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match=r"corpus.train names no file; set corpus.train=\[FILE\]"):
        read_stories(CorpusConfig(source="files"), split="train", num_stories=1)


def test_second_file_is_looked_for_before_the_first_is_read(tmp_path: Path) -> None:
    first = write(tmp_path / "a.txt", "one")

    with pytest.raises(CorpusError, match=r"absent.txt does not exist"):
        read(first, tmp_path / "absent.txt")


def test_directory_is_named(tmp_path: Path) -> None:
    assert "is a directory" in error_of(tmp_path)


def test_unknown_suffix_is_named(tmp_path: Path) -> None:
    assert "ends in '.csv'" in error_of(write(tmp_path / "a.csv", "text"))


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.parquet"])
def test_empty_file_is_named(tmp_path: Path, name: str) -> None:
    assert "is empty" in error_of(write(tmp_path / name, ""))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"one\nt\0wo", "line 2 holds NUL bytes"),
        ("one".encode("utf-16"), "line 1 holds NUL bytes"),
        (b"one\n<|endoftext|>\ncaf\xe9\n<|endoftext|>\n", "the story that ends at line 4 holds byte 0xe9"),
        (b"caf\xe9", "the last story holds byte 0xe9"),
        (b"one<|endoftext|>two", "line 1 holds <|endoftext|> beside other text"),
    ],
)
def test_text_that_cannot_be_read_says_where(tmp_path: Path, content: bytes, expected: str) -> None:
    assert expected in error_of(write(tmp_path / "a.txt", content))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"{broken", "line 2 is not JSON"),
        (b'{"text": "caf\xe9"}', "line 2 is not JSON"),
        (b'["text"]', "line 2 is a JSON list, not an object"),
        (
            b'{"story": "x", "id": 1}',
            "line 2 has no column 'text'; set corpus.text_column to one of its columns: 'story', 'id'",
        ),
        (b'{"text": 5}', "line 2 holds int, not text"),
        (b'{"text": null}', "line 2 holds NoneType, not text"),
        (b'{"text": "\\ud800"}', "line 2 holds half of a surrogate pair"),
    ],
)
def test_jsonl_that_cannot_be_read_names_the_line(tmp_path: Path, line: bytes, expected: str) -> None:
    assert expected in error_of(write(tmp_path / "a.jsonl", b'{"text": "one"}\n' + line + b"\n"))


def test_parquet_without_the_column_names_those_it_has(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1], "story": ["one"]}), tmp_path / "a.parquet")

    assert "has no column 'text'; set corpus.text_column to one of its columns: 'id', 'story'" in error_of(
        tmp_path / "a.parquet"
    )


def test_parquet_with_a_missing_text_names_the_row(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["one", None]}), tmp_path / "a.parquet")

    assert "row 2 holds NoneType, not text" in error_of(tmp_path / "a.parquet")


def test_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    assert "cannot be read as Parquet" in error_of(write(tmp_path / "a.parquet", b"PAR1 but nothing else"))


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dataset directory: the real `datasets` library reads it without a network."""
    pytest.importorskip("datasets", reason="the extra `hub` is not installed")
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    root = tmp_path / "dataset"
    root.mkdir()
    write(root / "train.jsonl", "".join(json.dumps({"text": f"story {index}"}) + "\n" for index in range(50)))
    write(root / "validation.jsonl", '{"text": "held out"}\n')
    return root


def test_hub_streams_both_splits(dataset: Path) -> None:
    config = CorpusConfig(source="hub", dataset=str(dataset))

    assert list(read_stories(config, split="train", num_stories=3)) == ["story 0", "story 1", "story 2"]
    assert list(read_stories(config, split="validation", num_stories="all")) == ["held out"]


def test_hub_reads_parquet(dataset: Path) -> None:
    (dataset / "train.jsonl").unlink()
    (dataset / "validation.jsonl").unlink()
    (dataset / "data").mkdir()
    pq.write_table(pa.table({"story": ["one", "two"]}), dataset / "data" / "train-00000-of-00001.parquet")
    config = CorpusConfig(source="hub", dataset=str(dataset), text_column="story")

    assert list(read_stories(config, split="train", num_stories="all")) == ["one", "two"]


def test_hub_without_the_column_names_those_it_has(dataset: Path) -> None:
    config = CorpusConfig(source="hub", dataset=str(dataset), text_column="story")

    with pytest.raises(
        CorpusError, match=r"has no column 'story'; set corpus.text_column to one of its columns: 'text'"
    ):
        list(read_stories(config, split="train", num_stories=1))


def test_hub_without_a_validation_split_says_so(dataset: Path) -> None:
    (dataset / "validation.jsonl").unlink()
    config = CorpusConfig(source="hub", dataset=str(dataset))

    with pytest.raises(CorpusError, match=r"split 'validation' of dataset .* cannot be read"):
        list(read_stories(config, split="validation", num_stories=1))


def test_hub_that_cannot_be_reached_names_the_remedy(dataset: Path) -> None:
    config = CorpusConfig(source="hub", dataset="seedscope-tests/no-such-dataset")

    with pytest.raises(CorpusError, match=r"or download its files and set corpus.source=files"):
        list(read_stories(config, split="train", num_stories=1))


def test_hub_without_its_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)

    with pytest.raises(CorpusError, match=r"pip install 'seedscope\[hub\]'"):
        list(read_stories(CorpusConfig(source="hub"), split="train", num_stories=1))
