"""`analyze` takes logs as they lie in a directory, says where everything came from, and can be repeated."""

import json
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorboardX import SummaryWriter

SEEDS = (1, 2, 3)
STEPS = (0, 100, 200, 300)
NOISE = {1: (0.1, 0.0, 0.05, 0.0), 2: (0.0, 0.03, 0.0, 0.07), 3: (0.05, 0.1, 0.02, 0.0)}


def _loss(seed: int, step: int) -> float:
    return 4 - step / 200 + NOISE[seed][STEPS.index(step)]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A CSV log per seed, each in its folder, with rows of training and of evaluation."""
    for seed in SEEDS:
        folder = tmp_path / "logs" / f"seed-{seed}"
        folder.mkdir(parents=True)
        rows = [f"{step},{_loss(seed, step) - 0.1},\n{step},,{_loss(seed, step)}\n" for step in STEPS]
        (folder / "metrics.csv").write_text("step,train_loss,val_loss\n" + "".join(rows))
    return tmp_path


def _statistics(directory: Path) -> Any:
    return json.loads((directory / "statistics.json").read_text(), parse_constant=pytest.fail)


def test_audit_says_where_everything_came_from(logs: Path, seedscope_inside: Callable[..., Any]) -> None:
    answer = seedscope_inside(logs, "analyze", "logs", "--out", "new")

    assert answer.exit_code == 0, answer.complaint
    assert _statistics(logs / "new")["audit"]["input"] == {
        "format": "table in long form",
        "files": [f"logs/seed-{seed}/metrics.csv" for seed in SEEDS],
        "num_rows": 24,
        "seeds_from": "each seed is named by its folder or file, such as 'seed-1'",
        "levels_from": "levels are 'step'",
        "metrics_from": "metric 'val_loss', the loss on held-out text, since none was named",
        "notes": ["12 rows of the logs without val_loss: passed over"],
    }
    assert "each seed is named by its folder or file, such as 'seed-1'" in " ".join(answer.output.split())


def test_analysis_in_place_reads_nothing_of_its_own(logs: Path, seedscope_inside: Callable[..., Any]) -> None:
    seedscope_inside(logs / "logs", "analyze", ".")
    first = _statistics(logs / "logs")

    answer = seedscope_inside(logs / "logs", "analyze", ".")

    assert answer.exit_code == 0, answer.complaint
    assert _statistics(logs / "logs")["metrics"] == first["metrics"]


def test_command_in_the_report_makes_the_same_statistics(logs: Path, seedscope_inside: Callable[..., Any]) -> None:
    options = (
        "--subject-from",
        "seed-{seed}/",
        "--align",
        "intersect",
        "--metric",
        "train_loss",
        "--every",
        "2",
        "--reference",
        "first",
    )
    seedscope_inside(logs, "analyze", "logs/*/metrics.csv", *options, "--out", "new")
    before = _statistics(logs / "new")
    found = re.search(r"^ *(seedscope analyze .*)$", (logs / "new" / "report.md").read_text(), re.MULTILINE)
    assert found is not None

    again = seedscope_inside(logs, *shlex.split(found[1])[1:], "--out", "again")

    assert again.exit_code == 0, again.complaint
    assert _statistics(logs / "again") == before


def test_event_files_and_csv_of_the_same_run_agree(logs: Path, seedscope_inside: Callable[..., Any]) -> None:
    for seed in SEEDS:
        with SummaryWriter(str(logs / "events" / f"seed-{seed}")) as writer:
            for step in STEPS:
                writer.add_scalar("val_loss", _loss(seed, step), step)
    seedscope_inside(logs, "analyze", "logs", "--metric", "val_loss", "--out", "csv")

    answer = seedscope_inside(logs, "analyze", "events", "--metric", "val_loss", "--out", "tb")

    assert answer.exit_code == 0, answer.complaint
    found, expected = (_statistics(logs / name)["metrics"]["val_loss"]["rm_anova"]["F"] for name in ("tb", "csv"))
    # Event files hold 32 bits of each value.
    assert found == pytest.approx(expected, rel=1e-4)


def test_one_seed_is_told_and_gets_no_inference(logs: Path, seedscope_inside: Callable[..., Any]) -> None:
    answer = seedscope_inside(logs, "analyze", "logs/seed-1", "--subject-from", "seed-{seed}/", "--out", "new")

    assert answer.exit_code == 0, answer.complaint
    assert "1 seed used; report values, draw no inference" in answer.output
    assert "undefined" in _statistics(logs / "new")["metrics"]["val_loss"]["rm_anova"]
    assert "nan" not in answer.output.lower()


def test_file_whose_name_is_no_text_is_analysed(tmp_path: Path, seedscope_inside: Callable[..., Any]) -> None:
    name = os.fsdecode(b"\xff\x1b[31m.csv")
    rows = "".join(f"{seed},{step},{_loss(seed, step)}\n" for seed in SEEDS for step in STEPS)
    (tmp_path / name).write_text("seed,step,val_loss\n" + rows)

    answer = seedscope_inside(tmp_path, "analyze", name, "--metric", "val_loss", "--out", "new")

    assert answer.exit_code == 0, answer.complaint
    assert "\x1b" not in answer.output
    assert _statistics(tmp_path / "new")["audit"]["input"]["files"] == ["\\xff\x1b[31m.csv"]
