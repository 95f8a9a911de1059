"""Copy a corpus to the place of the checkpoints, for nodes that do not see the run directory."""

from pathlib import Path

from configs.checkpoints import CheckpointsConfig
from configs.run_paths import RunPaths
from workers.corpus import Corpus, assemble_corpus, load_corpus
from workers.corpus_files import parse_stream, parse_tokenizer
from workers.object_storage import ObjectStorage

__all__ = ["copy_corpus", "load_shared_corpus"]

_KEYS = RunPaths(Path())


def copy_corpus(paths: RunPaths, *, storage: ObjectStorage) -> None:
    """Put the files of a run directory's corpus there under the same names."""
    for file in (paths.tokenizer_file, paths.stream_file("train"), paths.stream_file("validation")):
        storage.put(file.relative_to(paths.root).as_posix(), file.read_bytes())


def load_shared_corpus(config: CheckpointsConfig, *, paths: RunPaths) -> Corpus:
    """The corpus, from the place that every node reaches.

    Args:
        config: Where checkpoints are kept; the corpus lies with them unless that is the run directory.
        paths: The run directory.

    Returns:
        As `load_corpus`; from an object store it is held in memory.

    Raises:
        RunDirectoryError: If a file is missing or not what it should be.
        StorageError: If the place cannot be reached.
    """
    if config.uri is None:
        return load_corpus(paths)
    if config.local_directory is not None:
        return load_corpus(RunPaths(Path(config.local_directory)))
    storage = ObjectStorage(config.uri)
    train, validation = _KEYS.stream_file("train").as_posix(), _KEYS.stream_file("validation").as_posix()
    tokenizer = _KEYS.tokenizer_file.as_posix()
    return assemble_corpus(
        parse_tokenizer(storage.get(tokenizer), origin=storage.location(tokenizer)),
        train=parse_stream(storage.get(train), origin=storage.location(train)),
        validation=parse_stream(storage.get(validation), origin=storage.location(validation)),
    )
