"""The room's rules: public names, and what it may import."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import analysis
from analysis import statistics_to_json
from analysis.undefined import Undefined

ROOM = Path(analysis.__file__).parent
MODULES = sorted(module.name for module in pkgutil.walk_packages([str(ROOM)], prefix="analysis.") if not module.ispkg)
ALLOWED = {
    "analysis",
    "configs",
    "workers",
    "google",
    "jinja2",
    "markupsafe",
    "matplotlib",
    "numpy",
    "scipy",
    "pandas",
    "pingouin",
    "pyarrow",
    "statsmodels",
    *sys.stdlib_module_names,
}


@pytest.mark.parametrize("name", MODULES)
def test_public_names_are_sorted_and_exist(name):
    module = importlib.import_module(name)

    assert module.__all__ == sorted(module.__all__, key=lambda public: (not public.isupper(), public))
    assert all(hasattr(module, public) for public in module.__all__)


def test_room_exports_are_sorted_and_exist():
    assert analysis.__all__ == sorted(analysis.__all__)
    assert all(hasattr(analysis, public) for public in analysis.__all__)


@pytest.mark.parametrize("name", MODULES)
def test_imports_stay_within_the_rooms(name):
    source = (ROOM.parent / name.replace(".", "/")).with_suffix(".py")
    tree = ast.parse(source.read_text(encoding="utf-8"))
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    imported += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]

    assert {module.split(".")[0] for module in imported} <= ALLOWED
    assert {module for module in imported if module.startswith("workers")} <= {"workers.records"}


def test_analysis_needs_neither_ray_nor_torch():
    code = "import sys, analysis; sys.exit(bool({'ray', 'torch', 'rich'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOM.parent, check=False).returncode == 0


def test_json_has_a_reason_for_whatever_is_not_finite():
    text = statistics_to_json({"a": float("nan"), "b": [float("inf")], "c": Undefined("none")})

    assert "NaN" not in text
    assert "Infinity" not in text
    assert text.count('"undefined"') == 3
    assert text.endswith("}\n")
