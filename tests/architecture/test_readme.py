"""What README promises is there."""

import re
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    return (root / "README.md").read_text(encoding="utf-8")


def test_relative_links_resolve(readme: str, root: Path) -> None:
    targets = [
        target.partition("#")[0]
        for target in re.findall(r"\]\(([^)\s]+)\)", readme)
        if not re.match(r"[a-z]+:|#", target)
    ]
    if not targets:
        pytest.skip("README has no relative link")

    assert [target for target in targets if not (root / target).exists()] == []


def test_make_targets_exist(readme: str, root: Path) -> None:
    mentioned = set(re.findall(r"(?:^|[`$ ])make ([a-z][a-z-]*)(?=[`\n]|$| *#)", readme, flags=re.MULTILINE))
    if not mentioned:
        pytest.skip("README mentions no make target")
    targets = set(re.findall(r"^([a-z][a-z-]*):", (root / "Makefile").read_text(), flags=re.MULTILINE))

    assert mentioned - targets == set()


def test_commands_exist(readme: str) -> None:
    from orchestrator.cli import app

    mentioned = set(re.findall(r"^\s*(?:\$ )?(?:\.venv/bin/)?seedscope ([a-z]+)", readme, flags=re.MULTILINE))
    if not mentioned:
        pytest.skip("README shows no command")
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}

    assert mentioned - commands == set()


def test_anchors_within_the_page_resolve(readme: str) -> None:
    anchors = set(re.findall(r"\]\(#([^)]+)\)", readme))
    if not anchors:
        pytest.skip("README has no link within the page")
    headings = re.findall(r"^#+ (.+)$", readme, flags=re.MULTILINE)
    known = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    assert anchors - known == set()
