"""Ways to load a config and to be refused one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from configs.errors import ConfigurationError
from configs.load import load_experiment
from configs.preset_files import preset_text


@pytest.fixture
def refusal() -> Callable[..., str]:
    """A function from overrides (and a source) to the sentence with which they are refused."""

    def refuse(*overrides: str, source: str = "quickstart") -> str:
        with pytest.raises(ConfigurationError) as caught:
            load_experiment(source, overrides=overrides)
        return str(caught.value)

    return refuse


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[..., str]:
    """A function from text or bytes to the name of a config file that holds them."""

    def write(content: str | bytes, *, name: str = "experiment.yaml") -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return write


@pytest.fixture
def quickstart_text() -> str:
    """The text of the smallest preset."""
    return preset_text("quickstart")


@pytest.fixture
def quickstart_values(quickstart_text: str) -> dict[str, Any]:
    """The smallest preset as nested dictionaries."""
    return yaml.safe_load(quickstart_text)


@pytest.fixture
def dump() -> Callable[[dict[str, Any]], str]:
    """A function from nested dictionaries to YAML."""
    return yaml.safe_dump
