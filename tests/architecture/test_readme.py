"""What README and the pages behind it promise is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    return (root / "README.md").read_text(encoding="utf-8")


def _linked_from(page: Path) -> Iterator[Path]:
    """The files that a page links to, whether they are there or not."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:|#", target):
            yield (page.parent / target.partition("#")[0]).resolve()


def test_relative_links_resolve(root: Path) -> None:
    pages = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    links = [(page.name, target) for page in pages for target in _linked_from(page)]

    assert links
    assert [(page, str(target)) for page, target in links if not target.exists()] == []


def test_every_page_is_reached_from_the_readme(root: Path) -> None:
    waiting, reached = [root / "README.md"], set()
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            waiting += [target for target in _linked_from(page) if target.suffix == ".md" and target.exists()]
    pages = {path.resolve() for path in (root / "docs").rglob("*.md")}

    assert len(pages) > 1
    assert {page.name for page in pages - reached} == set()


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
