"""`probe` as a user meets it: with Ray and without, on a run directory and on anybody's checkpoints."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

WITHOUT_RAY = """
import sys
sys.modules["ray"] = None
sys.argv[0] = "seedscope"
from orchestrator.cli import main
main()
"""


@pytest.fixture
def run(finished: Any, tmp_path: Path) -> Path:
    """A copy of a finished run directory without any probe."""
    shutil.copytree(finished.root, tmp_path / "run", ignore=shutil.ignore_patterns("probes"))
    return tmp_path / "run"


@pytest.mark.slow
def test_ray_measures_what_this_process_measures(run: Path, seedscope: Callable[..., Any], tmp_path: Path) -> None:
    by_ray = seedscope(tmp_path, "probe", "convergence", run, "--out", "ray")
    inline = seedscope(tmp_path, "probe", "convergence", run, "--out", "inline", "--inline")

    assert (by_ray.exit_code, inline.exit_code) == (0, 0), by_ray.complaint
    tables = [pd.read_parquet(tmp_path / name / "convergence.parquet") for name in ("ray", "inline")]
    pd.testing.assert_frame_equal(*tables, atol=1e-6, rtol=0)
    assert "base: the convergence of 2 seeds goes from" in by_ray.output


def test_probe_does_without_ray(run: Path, seedscope: Callable[..., Any], bin_dir: Path, tmp_path: Path) -> None:
    answer = seedscope(
        tmp_path, "probe", "entropy", run, "--inline", prefix=(str(bin_dir / "python"), "-c", WITHOUT_RAY)
    )

    assert (answer.exit_code, answer.complaint) == (0, "")
    assert "7 measurements" in answer.output.splitlines()[0]
    assert answer.output.splitlines()[-1] == f"Written: {run}/probes/entropy.json"


def test_report_shows_the_probes_that_were_run(run: Path, seedscope: Callable[..., Any], tmp_path: Path) -> None:
    before = seedscope(tmp_path, "analyze", run)
    assert before.exit_code == 0
    assert "The parts of the cross entropy" not in (run / "report.md").read_text()

    seedscope(tmp_path, "probe", "entropy", run, "--inline")
    seedscope(tmp_path, "analyze", run)

    assert "The parts of the cross entropy" in (run / "report.md").read_text()
    assert (run / "figures" / "entropy-parts.svg").is_file()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("entropi", "RUN"), "there is no study named 'entropi'; did you mean entropy?"),
        (("entropy",), "there is nothing to probe; name a run directory, or give --checkpoints"),
        (("entropy", "nowhere"), "there is no run directory nowhere; check the path"),
        (("entropy", "RUN", "--tokens", "-3"), "--tokens -3 is not a positive number"),
        (("entropy", "RUN", "--threads", "9999"), "--threads 9999 is more than the "),
        (
            ("entropy", "RUN", "--checkpoints", "a/seed{seed}/step{step}"),
            "give a run directory or --checkpoints, not both",
        ),
    ],
)
def test_nonsense_is_answered_in_one_sentence(
    run: Path, seedscope_inside: Callable[..., Any], tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    answer = seedscope_inside(
        tmp_path, "probe", *(str(run) if part == "RUN" else part for part in arguments), "--inline"
    )

    assert answer.exit_code == 2
    assert answer.complaint.startswith(f"seedscope: {complaint}")
    assert answer.complaint.count("\n") == 1
    assert not (run / "probes").exists()
