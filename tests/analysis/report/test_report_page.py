"""The page is one file, says what it knows, and takes no name for markup."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

HOSTILE = '<script>window.ran=1</script><img src=x onerror="window.ran=1">$\\frac{1}{0}$'


class _Page(HTMLParser):
    """Collects tags, their attributes and identifiers."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def hostile(make_frame: Any, report_of: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    frame = make_frame(seeds=[HOSTILE, "b", "c"], num_levels=4, conditions=(HOSTILE, "]]>-->"))
    return report_of(frame, out=tmp_path_factory.mktemp("hostile"), title=HOSTILE)


def test_names_are_text_and_never_markup(hostile: Any) -> None:
    page = _Page(hostile.report_html.read_text())

    assert {tag for tag, _ in page.tags} & {"script", "img", "iframe", "object", "embed", "link"} == set()
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "&lt;script&gt;window.ran=1&lt;/" in hostile.report_html.read_text()


def test_nothing_is_fetched_from_elsewhere(hostile: Any) -> None:
    page = _Page(hostile.report_html.read_text())

    fetched = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in ("src", "href", "xlink:href", "srcset", "poster", "data", "action") and value
    ]
    assert [value for value in fetched if not value.startswith(("#", "data:image/png;base64,"))] == []
    assert "@import" not in hostile.report_html.read_text()
    assert set(re.findall(r"url\((.)", hostile.report_html.read_text())) <= {"#"}


def test_identifiers_are_unique(hostile: Any) -> None:
    ids = [attributes["id"] for _, attributes in _Page(hostile.report_html.read_text()).tags if "id" in attributes]

    assert len(ids) == len(set(ids))


def test_every_drawing_says_in_words_what_it_shows(hostile: Any) -> None:
    drawings = [attributes for tag, attributes in _Page(hostile.report_html.read_text()).tags if tag == "svg"]

    assert drawings
    assert all(attributes.get("role") == "img" and attributes.get("aria-label") for attributes in drawings)


def test_figures_stand_alone_as_well_formed_files(hostile: Any) -> None:
    files = sorted(hostile.figures_dir.glob("*.svg"))

    assert files
    for file in files:
        assert ElementTree.parse(file).getroot().tag == "{http://www.w3.org/2000/svg}svg"
        assert file.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_same_facts_give_the_same_bytes(make_frame: Any, report_of: Callable[..., Any], tmp_path: Path) -> None:
    frame = make_frame(seeds=[1, 2, 3], num_levels=4)

    first, second = (report_of(frame, out=tmp_path / name) for name in ("first", "second"))

    names = sorted(path.relative_to(first.root) for path in first.root.rglob("*") if path.is_file())
    assert names
    assert [name for name in names if (first.root / name).read_bytes() != (second.root / name).read_bytes()] == []


def test_other_files_beside_the_figures_are_left_alone(make_frame: Any, report_of: Any, tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "mine.txt").write_text("mine")

    report_of(make_frame(seeds=[1, 2, 3], num_levels=4), out=tmp_path)

    assert (tmp_path / "figures" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("num_seeds", [1, 2, 3, 70])
@pytest.mark.parametrize("num_levels", [1, 2, 9])
def test_any_size_of_table_has_a_report_without_nan(
    num_seeds: int, num_levels: int, make_frame: Any, report_of: Any, tmp_path: Path
) -> None:
    paths = report_of(make_frame(seeds=list(range(num_seeds)), num_levels=num_levels), out=tmp_path)

    text = re.sub(r"<svg.*?</svg>", "", paths.report_html.read_text(), flags=re.DOTALL)
    for file in (text, paths.report_md.read_text()):
        assert not re.search(r"\b(nan|NaN|inf|Infinity|None)\b", file)


def test_table_without_a_manifest_says_what_is_left_out(make_frame: Any, report_of: Any, tmp_path: Path) -> None:
    paths = report_of(make_frame(seeds=[1, 2, 3], num_levels=4), out=tmp_path)

    assert "not a run directory" in paths.report_md.read_text()


def test_metric_of_any_name_is_reported(make_frame: Any, report_of: Any, tmp_path: Path) -> None:
    frame: pd.DataFrame = make_frame(seeds=[1, 2, 3], num_levels=4, column="accuracy_%|$")

    paths = report_of(frame, out=tmp_path, metric="accuracy_%|$")

    assert r"accuracy\_%\|\$" in paths.report_md.read_text()
    assert r"accuracy\_\%\textbar{}\$" in (paths.tables_dir / "levels.tex").read_text()
