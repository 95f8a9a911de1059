"""What the pages show in Python runs as it stands, and says something."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _python_of(page: str) -> str:
    (code,) = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), flags=re.M | re.S)
    return str(code)


def _run(code: str, *, directory: Path, bin_dir: Path) -> str:
    answer = subprocess.run(
        [str(bin_dir / "python"), "-c", code], cwd=directory, capture_output=True, text=True, check=True
    )
    return answer.stdout


@pytest.fixture
def runs(finished: Any, tmp_path: Path) -> Path:
    """A directory in which a preset was run under its default name."""
    shutil.copytree(finished.root, tmp_path / "runs" / "quickstart-20261122-021819")
    return tmp_path


def test_code_of_the_report_page_prints_the_newest_answer(runs: Path, bin_dir: Path) -> None:
    printed = _run(_python_of("docs/report.md"), directory=runs, bin_dir=bin_dir)

    assert printed.startswith("Mean validation loss is lowest at interval ")
    assert "no p: 2 seeds are only described" in printed.splitlines()[-1]


def test_results_are_shown_in_one_line(runs: Path, bin_dir: Path) -> None:
    code = "import analysis; print(repr(analysis.load_results('runs/quickstart-20261122-021819')))"

    printed = _run(code, directory=runs, bin_dir=bin_dir)

    # two seeds at seven intervals
    assert printed == "<Results of quickstart: 14 rows, 1 condition; see answer, table, statistics>\n"


def test_code_of_the_readme_reads_the_file_of_the_data_page(tmp_path: Path, bin_dir: Path) -> None:
    assert "$ seedscope analyze losses.csv" in (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    rows = [
        f"{seed},{500 * place},{3 / (place + 1) + seed / 100 + seed * place % 3 / 50}"
        for seed in range(6)
        for place in range(5)
    ]
    (tmp_path / "losses.csv").write_text("\n".join(["seed,step,val_loss", *rows]))

    printed = _run(_python_of("README.md"), directory=tmp_path, bin_dir=bin_dir)

    assert re.match(r"F\(4, 20\) = .*p_GG .*exact sign-flip p ", printed)


def test_readme_names_all_that_a_run_leaves(finished: Any) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("## What a run leaves")[2].partition("\n## ")[0]

    assert [path.name for path in finished.root.iterdir() if f"`{path.name}" not in table] == []
