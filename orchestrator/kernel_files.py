"""Read the small text files in which a Linux kernel tells about itself."""

from pathlib import Path

__all__ = ["kernel_fields", "kernel_text"]


def kernel_text(path: Path) -> str:
    """The content of a file; empty where it is absent, as on another platform, or may not be read."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def kernel_fields(path: Path) -> dict[str, str]:
    """The first value of each `name : value` line of a file such as /proc/cpuinfo."""
    values: dict[str, str] = {}
    for line in kernel_text(path).splitlines():
        name, _, value = line.partition(":")
        values.setdefault(name.strip(), value.strip())
    return values
