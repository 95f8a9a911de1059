"""Read and write sets of cores in the kernel's notation, such as `0-3,8`."""

from collections.abc import Iterable

__all__ = ["format_core_list", "parse_core_list"]


def parse_core_list(text: str) -> tuple[int, ...]:
    """The sorted core ids of a list such as `0-3,8`; an empty text is an empty tuple.

    Raises:
        ValueError: If the text is no such list.
    """
    cores: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        cores.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(cores))


def format_core_list(cores: Iterable[int]) -> str:
    """The shortest such list: `(0, 1, 2, 3, 8)` becomes `0-3,8`."""
    spans: list[list[int]] = []
    for core in sorted(set(cores)):
        if spans and core == spans[-1][1] + 1:
            spans[-1][1] = core
        else:
            spans.append([core, core])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
