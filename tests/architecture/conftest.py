"""The source tree, parsed once."""

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("analysis", "configs", "orchestrator", "workers")


@dataclass(frozen=True)
class SourceFile:
    """One Python file of the four rooms."""

    path: Path

    @property
    def name(self) -> str:
        """Its path from the root, such as `configs/load.py`."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def module(self) -> str:
        """Its dotted name."""
        return self.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @cached_property
    def text(self) -> str:
        """Its content."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)


FILES = tuple(SourceFile(path) for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(params=FILES, ids=lambda file: file.name)
def source(request: pytest.FixtureRequest) -> SourceFile:
    """Each file of the four rooms in turn."""
    file: SourceFile = request.param
    return file


@pytest.fixture(scope="session")
def sources() -> tuple[SourceFile, ...]:
    """Every file of the four rooms."""
    return FILES
