"""Stream stories from a Hugging Face dataset, fetching only what is asked for."""

import importlib
from collections.abc import Iterator
from types import ModuleType

from configs.errors import CorpusError
from workers.hub_logging import hush_hub
from workers.stories import Split
from workers.story_rows import text_of_row

__all__ = ["read_hub_stories"]


def read_hub_stories(dataset: str, *, revision: str, split: Split, text_column: str) -> Iterator[str]:
    """Read one story from each row of a split of a dataset.

    Args:
        dataset: A dataset id, or the path of a local dataset directory.
        revision: Git revision of the dataset.
        split: `train` or `validation`.
        text_column: The column of stories.

    Returns:
        The stories, fetched only as far as they are asked for.

    Raises:
        CorpusError: While reading, if `datasets` is not installed, the dataset cannot be had, or a row has no text.
    """
    datasets = _import_datasets()
    where = f"split {split!r} of dataset {dataset!r}"
    try:
        rows = iter(datasets.load_dataset(dataset, revision=revision, split=split, streaming=True))
        for number, row in enumerate(rows, start=1):
            yield text_of_row(row, text_column=text_column, where=f"row {number} of {where}")
    except CorpusError:
        raise
    except Exception as error:
        # Not every error of datasets, huggingface_hub, httpx and fsspec shares a base; all mean the same to a user.
        raise CorpusError(
            f"{where} at revision {revision!r} cannot be read ({_last_line(error)}); check corpus.dataset, "
            "corpus.dataset_revision and the network, or download its files and set corpus.source=files."
        ) from error


def _import_datasets() -> ModuleType:
    try:
        datasets = importlib.import_module("datasets")
    except ImportError as error:
        raise CorpusError(
            "corpus.source=hub needs the library `datasets`, which is not installed; run pip install 'seedscope[hub]'."
        ) from error
    hush_hub()
    return datasets


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1].rstrip('.')}" if lines else type(error).__name__
