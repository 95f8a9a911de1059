"""Read an experiment from a preset's name or a YAML file, with overrides from the command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from configs.errors import ConfigurationError
from configs.experiment import ExperimentConfig
from configs.explain import explain
from configs.llama_directory import with_directory_shape
from configs.overrides import with_dotted
from configs.preset_files import preset_text
from configs.yaml_text import parse_yaml, yaml_text

__all__ = ["dump_experiment", "load_experiment"]

_NOUNS = {list: "list", str: "text", int: "number", float: "number"}


def load_experiment(source: str, *, overrides: Sequence[str] = ()) -> ExperimentConfig:
    """The validated config.

    Args:
        source: A preset's name, or the path of a YAML file (with a suffix or a slash).
        overrides: `dotted.name=value`, the value in YAML; later ones win.

    Raises:
        ConfigurationError: If anything about it is wrong; nothing has been created.
    """
    values = _parse(_read(source), origin=source)
    for override in overrides:
        values = _apply(values, override)
    values = with_directory_shape(values)
    try:
        return ExperimentConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(explain(error, ExperimentConfig)) from None
    except RecursionError:
        raise ConfigurationError(f"{source} is nested without end; write it without YAML aliases") from None


def dump_experiment(config: ExperimentConfig) -> str:
    """The YAML text from which `load_experiment` gives an equal config."""
    return yaml_text(config.to_dict())


def _read(source: str) -> str:
    path = Path(source)
    is_file_name = path.suffix in {".yaml", ".yml"} or path.name != source
    if not is_file_name and not path.is_file():
        return preset_text(source)
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(f"the config file {source} does not exist; check the path") from None
    except IsADirectoryError:
        raise ConfigurationError(f"{source} is a directory; name a YAML file in it") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"the config file {source} is not UTF-8 text; name a YAML file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        raise ConfigurationError(f"the config file {source!r} cannot be read: {error}") from error


def _parse(text: str, *, origin: str) -> dict[str, Any]:
    try:
        values = parse_yaml(text)
    except ValueError as error:
        raise ConfigurationError(f"{origin} is not valid YAML: {error}") from None
    if values is None:
        raise ConfigurationError(f"{origin} holds no config: it is empty; `seedscope presets NAME` prints one")
    if not isinstance(values, dict):
        raise ConfigurationError(
            f"{origin} holds no config: it is a {_NOUNS.get(type(values), 'value')}, not lines of `field: value`"
        )
    return values


def _apply(values: dict[str, Any], override: str) -> dict[str, Any]:
    key, separator, text = override.partition("=")
    key = key.strip()
    if not separator or not all(key.split(".")):
        raise ConfigurationError(
            f"--set {override!r} is not of the form field=value, such as placement.threads_per_run=2"
        )
    try:
        value = parse_yaml(text)
    except ValueError as error:
        raise ConfigurationError(f"the value in --set {override!r} is not valid YAML: {error}") from None
    try:
        return with_dotted(values, key=key, value=value)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    except RecursionError:
        raise ConfigurationError(f"--set {override[:40]!r}... names no field; it has too many dots") from None
