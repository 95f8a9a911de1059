"""The experiments that ship with Seedscope, as text."""

from importlib import resources
from importlib.resources.abc import Traversable

from configs.errors import ConfigurationError
from configs.nearest import nearest

__all__ = ["preset_names", "preset_summary", "preset_text"]

_SUFFIX = ".yaml"


def preset_names() -> tuple[str, ...]:
    """Every preset, sorted."""
    names = (file.name for file in _presets_dir().iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def preset_text(name: str) -> str:
    """The YAML text of a preset.

    Raises:
        ConfigurationError: If there is none of this name; the message lists those that there are.
    """
    names = preset_names()
    if name not in names:
        guess = nearest(name, names)
        hint = f"did you mean {guess}? " if guess else ""
        raise ConfigurationError(f"there is no preset or file named {name!r}; {hint}the presets are {', '.join(names)}")
    return (_presets_dir() / f"{name}{_SUFFIX}").read_text(encoding="utf-8")


def preset_summary(name: str) -> str:
    """What a preset is for: the comment in its first line."""
    return preset_text(name).splitlines()[0].removeprefix("# ")


def _presets_dir() -> Traversable:
    return resources.files("configs") / "presets"
