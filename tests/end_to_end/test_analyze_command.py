"""`analyze` works on what is there, with neither Ray nor torch, and changes no measurement."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "reference" / "published-val-loss-6x21.csv"
LOADED = """
import atexit, sys
sys.argv[0] = "seedscope"
heavy = {"torch", "ray"}
loaded = lambda: sorted({name.partition(".")[0] for name in sys.modules} & heavy)
atexit.register(lambda: print("LOADED", *loaded(), file=sys.stderr))
from orchestrator.cli import main
main()
"""


def _statistics(directory: Path) -> Any:
    return json.loads((directory / "statistics.json").read_text())


def test_run_directory_is_analysed_without_ray_and_torch(
    finished: Any, seedscope: Callable[..., Any], bin_dir: Path, tmp_path: Path
) -> None:
    answer = seedscope(
        tmp_path, "analyze", finished.root, "--out", "new", prefix=(str(bin_dir / "python"), "-c", LOADED)
    )

    assert (answer.exit_code, answer.complaint.splitlines()[-1]) == (0, "LOADED")


def test_run_directory_is_left_as_it_is(
    finished: Any,
    seedscope: Callable[..., Any],
    contents: Callable[[Path], dict[str, bytes]],
    tmp_path: Path,
) -> None:
    before = contents(finished.root)

    answer = seedscope(tmp_path, "analyze", finished.root, "--out", "new")

    assert answer.exit_code == 0, answer.complaint
    assert contents(finished.root) == before


def test_reference_is_declared_on_the_command_line(
    finished: Any, seedscope: Callable[..., Any], tmp_path: Path
) -> None:
    answer = seedscope(tmp_path, "analyze", finished.root, "--out", "new", "--reference", "first")

    assert answer.exit_code == 0, answer.complaint
    assert _statistics(tmp_path / "new")["metrics"]["val_loss"]["simultaneous"]["declared"] == "first"


def test_analysis_in_place_changes_no_measurement(
    finished: Any, seedscope: Callable[..., Any], tmp_path: Path, contents: Callable[[Path], dict[str, bytes]]
) -> None:
    shutil.copytree(finished.root, tmp_path / "out")
    before = contents(tmp_path / "out")

    seedscope(tmp_path, "analyze", "out")

    after = contents(tmp_path / "out")
    assert after["ledger.sqlite"] == before["ledger.sqlite"]
    assert after.keys() == before.keys()


def test_analysis_gives_the_statistics_of_the_run(finished: Any, seedscope: Callable[..., Any], tmp_path: Path) -> None:
    seedscope(tmp_path, "analyze", finished.root, "--out", "new")

    assert _statistics(tmp_path / "new") == _statistics(finished.root)


@pytest.mark.skipif(not PUBLISHED.is_file(), reason=f"the published table is not at {PUBLISHED}")
def test_published_table_gives_the_published_statistics(seedscope: Callable[..., Any], tmp_path: Path) -> None:
    answer = seedscope(tmp_path, "analyze", PUBLISHED, "--within", "interval_index", "--out", "new")

    assert answer.exit_code == 0, answer.complaint
    anova = _statistics(tmp_path / "new")["metrics"]["val_loss"]["rm_anova"]
    assert (anova["df_effect"], anova["df_error"]) == (20, 100)
    # arXiv 2606.13370 as told in published-study.md: F(20, 100) = 10,030.87
    assert anova["F"] == pytest.approx(10_030.87, abs=0.005)
    assert "F(20, 100) = 10,030.87" in answer.output


def test_table_of_a_run_can_be_analysed_as_any_table(
    finished: Any, seedscope: Callable[..., Any], tmp_path: Path
) -> None:
    answer = seedscope(tmp_path, "analyze", finished.root / "table.csv", "--metric", "val_loss", "--out", "new")

    assert answer.exit_code == 0, answer.complaint
    mine, runs = (_statistics(place)["metrics"]["val_loss"] for place in (tmp_path / "new", finished.root))
    assert (mine["rm_anova"], mine["descriptive"]) == (runs["rm_anova"], runs["descriptive"])


def test_statistics_and_report_of_a_file_go_where_the_user_is(
    finished: Any, seedscope: Callable[..., Any], tmp_path: Path
) -> None:
    answer = seedscope(tmp_path, "analyze", finished.root / "table.csv")

    assert answer.exit_code == 0
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == ["figures", "report.html", "report.md", "statistics.json", "tables"]


def test_run_ends_with_its_report(finished: Any) -> None:
    page = (finished.root / "report.html").read_text()

    assert "<title>quickstart" in page
    assert (finished.root / "figures" / "trajectories.svg").is_file()
    assert f"Report: {Path('out') / 'report.html'}" in finished.answer.output


def test_notebook_shows_the_results_of_a_run_without_ray_and_torch(finished: Any, bin_dir: Path) -> None:
    code = (
        "import sys, analysis; shown = analysis.load_results(sys.argv[1])._repr_html_(); "
        "print('<h3>quickstart</h3>' in shown, '<img src=' in shown, {'ray', 'torch'} & set(sys.modules))"
    )

    answer = subprocess.run(
        [str(bin_dir / "python"), "-c", code, str(finished.root)], capture_output=True, text=True, check=True
    )

    assert answer.stdout.strip() == "True True set()"


def test_file_with_several_conditions_is_compared_in_the_report(seedscope: Callable[..., Any], tmp_path: Path) -> None:
    rows = [
        f"{condition},{seed},{interval},{height + 3 / (interval + 1) + seed / 100 + seed * interval % 3 / 50}"
        for condition, height in (("small", 1.0), ("large", 0.5))
        for seed in (1, 2, 3, 4)
        for interval in range(4)
    ]
    (tmp_path / "several.csv").write_text("\n".join(["condition,seed,interval,val_loss", *rows]))

    answer = seedscope(tmp_path, "analyze", "several.csv", "--out", "new")

    assert answer.exit_code == 0, answer.complaint
    report = (tmp_path / "new" / "report.md").read_text()
    assert "## Conditions side by side" in report
    assert "| large − small | last shared interval | 4 |" in report
