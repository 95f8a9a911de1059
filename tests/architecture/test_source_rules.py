"""Every source file keeps the rules of the house."""

import ast
import importlib
import re
import tokenize
from pathlib import Path
from typing import Any

import pytest

MOST_LINES = 350
UNSAFE_CALLS = {"eval", "exec", "pickle.load", "pickle.loads", "torch.load", "yaml.unsafe_load", "yaml.full_load"}
# Ray is told by the environment; a command tells the doctor and typer about it; a speed trial passes it on.
MAY_READ_ENVIRONMENT = {"orchestrator/ray_session.py", "orchestrator/speed_trial.py", "orchestrator/cli.py"}
# Inside a checkpoint's directory names are those of its format.
MAY_NAME_FILES = {
    "configs/run_paths.py",
    "workers/checkpoint.py",
    "workers/checksums.py",
    "workers/probes/hugging_face.py",
    "workers/record_files.py",
}
RUN_FILE_NAMES = re.compile(
    r"^(experiment\.yaml|manifest\.json|ledger\.sqlite|lease\.json|tokenizer\.json|table\.(csv|parquet)|statistics\.json|"
    r"model\.safetensors|tokens\.npz|record\.json|SHA256SUMS|optimizer\.safetensors|claim\.json|report\.(html|md))$"
)


def test_first_line_is_one_sentence(source: Any) -> None:
    docstring = ast.get_docstring(source.tree)

    assert docstring, "no docstring"
    first = docstring.split("\n\n")[0].replace("\n", " ")
    assert first.endswith("."), first
    assert not re.search(r"[.!?] [A-Z]", first.replace("e.g. ", "")), f"more than one sentence: {first}"


def test_public_names_are_listed_sorted_and_exist(source: Any, facts: dict[str, Any]) -> None:
    public = {
        node.name
        for node in source.tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
    }
    listed = facts[source.module].listed

    if listed is None:
        assert not public, f"no __all__, but {sorted(public)}"
        return
    assert listed == sorted(listed, key=_constants_then_classes_then_functions)
    assert len(set(listed)) == len(listed)
    assert facts[source.module].missing == []


def test_every_public_class_and_function_is_explained(source: Any) -> None:
    unexplained = [
        node.name
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
        and not node.name.startswith("_")
        and not _is_local(node, source.tree)
        and ast.get_docstring(node) is None
    ]

    assert unexplained == []


def test_no_file_is_two_concepts_long(source: Any) -> None:
    assert len(source.text.splitlines()) <= MOST_LINES


def test_only_the_session_and_the_commands_look_at_the_environment(source: Any) -> None:
    reads = [
        ast.unparse(node)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv", "os.environb")
    ]

    assert not reads or source.name in MAY_READ_ENVIRONMENT


def test_names_of_a_run_directory_stand_in_one_place(source: Any) -> None:
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    named = [
        node.value
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
        and RUN_FILE_NAMES.match(node.value)
    ]

    assert not named or source.name in MAY_NAME_FILES


def test_nothing_is_unpickled_or_evaluated(source: Any) -> None:
    called = {ast.unparse(node.func) for node in ast.walk(source.tree) if isinstance(node, ast.Call)}
    imported = {
        alias.name for node in ast.walk(source.tree) if isinstance(node, ast.Import) for alias in node.names
    } | {node.module for node in ast.walk(source.tree) if isinstance(node, ast.ImportFrom)}

    assert called & UNSAFE_CALLS == set()
    assert imported & {"pickle", "cloudpickle", "dill", "shelve", "marshal"} == set()


def test_yaml_is_read_by_a_safe_loader(source: Any) -> None:
    loads = [node for node in ast.walk(source.tree) if isinstance(node, ast.Call) and _is_yaml_load(node)]
    if not loads:
        return
    import yaml

    module = importlib.import_module(source.module)
    loaders = {getattr(module, ast.unparse(keyword.value)) for node in loads for keyword in node.keywords}

    assert loaders
    assert all(issubclass(loader, yaml.SafeLoader) for loader in loaders)


def test_numpy_files_are_read_without_pickle(source: Any) -> None:
    loads = [
        node for node in ast.walk(source.tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "np.load"
    ]

    assert all("allow_pickle=False" in ast.unparse(node) for node in loads)


@pytest.mark.parametrize("word", ["TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"])
def test_nothing_is_left_for_later(word: str, root: Path) -> None:
    found = [
        path.relative_to(root).as_posix()
        for path in _own_files(root)
        if re.search(rf"\b{word}\b", path.read_text(encoding="utf-8"))
    ]

    assert found == []


def test_nothing_outside_the_tests_needs_what_lies_beside_the_checkout(root: Path) -> None:
    found = [
        path.relative_to(root).as_posix()
        for path in _own_files(root)
        if "tests" not in path.relative_to(root).parts and re.search(r"\.\./shared|/work/", path.read_text())
    ]

    assert found == []


def test_only_the_commands_print(sources: tuple[Any, ...]) -> None:
    printing = {
        file.name
        for file in sources
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    }

    assert printing <= {f"orchestrator/{name}.py" for name in ("cli", "command_errors", "command_output")}


def test_every_suppressed_warning_says_which(source: Any) -> None:
    with source.path.open("rb") as file:
        comments = [token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT]

    assert not [comment for comment in comments if re.search(r"noqa(?!: [A-Z]+\d+)", comment)]


def test_concrete_classes_that_stand_under_an_abstract_one_are_final(source: Any, facts: dict[str, Any]) -> None:
    assert facts[source.module].open_classes == []


def _constants_then_classes_then_functions(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def _is_local(node: ast.AST, tree: ast.Module) -> bool:
    """Whether it stands inside a function, where nobody else can reach it."""
    functions = [other for other in ast.walk(tree) if isinstance(other, ast.FunctionDef) and other is not node]
    privates = [
        other
        for other in ast.walk(tree)
        if isinstance(other, ast.ClassDef) and other.name.startswith("_") and other is not node
    ]
    return any(node in ast.walk(other) for other in (*functions, *privates))


def _is_yaml_load(node: ast.Call) -> bool:
    return ast.unparse(node.func) in ("yaml.load", "yaml.load_all")


def _own_files(root: Path) -> list[Path]:
    folders = ("analysis", "configs", "orchestrator", "workers", "tests", "benchmarks", "docs")
    suffixes = {".py", ".md", ".yaml", ".toml", ".txt", ""}
    inside = [path for folder in folders for path in (root / folder).rglob("*") if path.suffix in suffixes]
    top = [path for path in root.iterdir() if path.suffix in suffixes and not path.name.startswith(".")]
    return [path for path in (*inside, *top) if path.is_file() and "__pycache__" not in path.parts]
