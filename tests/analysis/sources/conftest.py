"""Files of each kind, small enough to be read by eye."""

import pytest

from analysis import SourceOptions, load_sources


@pytest.fixture
def load():
    """A function from paths and options to what is loaded."""

    def loader(*paths, **options):
        return load_sources(paths, options=SourceOptions(**options))

    return loader


@pytest.fixture
def write(tmp_path):
    """A function that writes text or bytes under a name, folders included."""

    def writer(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return writer


@pytest.fixture
def cells():
    """A function from what was loaded to `{(seed, level): value}` of its only metric, missing values left out."""

    def get(loaded):
        (metric,) = loaded.metrics
        rows = loaded.frame[loaded.frame[metric].notna()]
        return {
            (seed, level): value
            for seed, level, value in zip(rows[loaded.subject], rows[loaded.within], rows[metric], strict=True)
        }

    return get
