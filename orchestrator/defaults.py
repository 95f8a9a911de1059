"""Where things go when the user does not say."""

from datetime import datetime
from pathlib import Path

__all__ = ["cache_dir", "default_out"]


def cache_dir() -> Path:
    """Where trained tokenizers and compiled kernels are kept between experiments."""
    return Path.home() / ".cache" / "seedscope"


def default_out(name: str) -> Path:
    """A new run directory under `runs`, named after the experiment and the time."""
    return Path("runs") / f"{name}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
