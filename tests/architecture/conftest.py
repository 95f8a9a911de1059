"""The source tree, parsed once."""

import ast
import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("analysis", "configs", "orchestrator", "workers")


# Ray reads its environment once, when it is imported; the tests that start one must be the first to do so.
INSPECT = """
import ast, importlib, inspect, json, sys

def is_open(kind):
    abstract = any(base.__name__.startswith("Abstract") for base in kind.__mro__[1:])
    return abstract and not kind.__name__.startswith("Abstract") and not getattr(kind, "__final__", False)

def listed_in(name):
    tree = ast.parse(open(name.replace(".", "/") + ".py", encoding="utf-8").read())
    return next(ast.literal_eval(node.value) for node in tree.body if ast.unparse(node).startswith("__all__"))

facts = {}
for name in sys.argv[1:]:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != "triton":  # comes with torch's builds for GPUs only
            raise
        facts[name] = {"listed": listed_in(name), "missing": [], "open_classes": []}
        continue
    listed = getattr(module, "__all__", None)
    own = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if kind.__module__ == name]
    facts[name] = {
        "listed": listed,
        "missing": [public for public in listed or () if not hasattr(module, public)],
        "open_classes": [kind.__name__ for kind in own if is_open(kind)],
    }
print(json.dumps(facts))
"""


@dataclass(frozen=True)
class ModuleFacts:
    """What only an imported module tells."""

    listed: list[str] | None
    """Its `__all__`."""
    missing: list[str]
    """Listed names that it has not."""
    open_classes: list[str]
    """Concrete classes under an abstract one that are not final."""


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


@pytest.fixture(scope="session")
def facts() -> dict[str, ModuleFacts]:
    """What every module of the four rooms tells when it is imported, in a process of its own."""
    answer = subprocess.run(
        [sys.executable, "-c", INSPECT, *(file.module for file in FILES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name: ModuleFacts(**told) for name, told in json.loads(answer.stdout).items()}
