"""Read the stories of a split in order, from whichever source the config names."""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from configs.corpus import ALL_STORIES, CorpusConfig, StoryCount
from configs.errors import ConfigurationError, CorpusError
from workers.stories import Split, generate_stories
from workers.story_hub import read_hub_stories
from workers.story_rows import read_jsonl_stories, read_parquet_stories
from workers.story_text import read_text_stories

__all__ = ["read_stories"]

SUFFIXES = (".txt", ".jsonl", ".parquet")


def read_stories(config: CorpusConfig, *, split: Split, num_stories: StoryCount) -> Iterator[str]:
    """Read the first stories of a split, lazily and in the order of the source.

    A story without a visible character is passed over and not counted: it would add an end token and nothing else.

    Args:
        config: Names the source and where it lies.
        split: `train` or `validation`.
        num_stories: How many stories to read at most, or `all`.

    Returns:
        The stories, read only as far as they are asked for; fewer than `num_stories` if the source ends before.

    Raises:
        ConfigurationError: If all of the endless built-in stories are asked for, or source `files` names no file.
        CorpusError: If a file cannot be had; while reading, if something in it is no text.
    """
    stories = (story for story in _source_of(config, split=split, num_stories=num_stories) if story.strip())
    return stories if num_stories == ALL_STORIES else islice(stories, num_stories)


def _source_of(config: CorpusConfig, *, split: Split, num_stories: StoryCount) -> Iterator[str]:
    match config.source:
        case "stories":
            return _built_in(split, num_stories=num_stories)
        case "files":
            return _from_files(config, split=split)
        case "hub":
            return read_hub_stories(
                config.dataset, revision=config.dataset_revision, split=split, text_column=config.text_column
            )


def _built_in(split: Split, *, num_stories: StoryCount) -> Iterator[str]:
    if num_stories == ALL_STORIES:
        raise ConfigurationError(
            f"corpus.{split}_stories=all has no meaning for source 'stories', which never ends; give a number."
        )
    return generate_stories(split=split, num_stories=num_stories)


def _from_files(config: CorpusConfig, *, split: Split) -> Iterator[str]:
    names = config.train if split == "train" else config.validation
    if not names:
        raise ConfigurationError(f"corpus.source=files, but corpus.{split} names no file; set corpus.{split}=[FILE].")
    paths = [Path(name).expanduser() for name in names]
    for path in paths:
        _require_file(path)
    return chain.from_iterable(_from_file(path, text_column=config.text_column) for path in paths)


def _require_file(path: Path) -> None:
    if path.is_dir():
        raise CorpusError(f"{path} is a directory; name the files in it.")
    if not path.is_file():
        raise CorpusError(
            f"{path} does not exist (looked from {Path.cwd()}); check corpus.train and corpus.validation."
        )
    if path.suffix.lower() not in SUFFIXES:
        raise CorpusError(
            f"{path} ends in {path.suffix!r}, which cannot be read; give a file in {', '.join(SUFFIXES)}."
        )
    if path.stat().st_size == 0:
        raise CorpusError(f"{path} is empty; give a file that holds stories.")


def _from_file(path: Path, *, text_column: str) -> Iterator[str]:
    try:
        match path.suffix.lower():
            case ".txt":
                yield from read_text_stories(path)
            case ".jsonl":
                yield from read_jsonl_stories(path, text_column=text_column)
            case _:
                yield from read_parquet_stories(path, text_column=text_column)
    except OSError as error:
        raise CorpusError(f"{path} cannot be read ({error.strerror}); check its permissions and the disk.") from error
