"""The disk fills up in the middle; nothing half-written is left, and with room again the experiment goes on."""

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas
import pytest

from workers.points import Point

SIZE = "24m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    if os.getuid() != 0:
        pytest.skip("only root may mount a small file system")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def require_nothing_half_written(root: Path) -> None:
    for sums in root.glob("checkpoints/*/*/interval-*/SHA256SUMS"):
        for line in sums.read_text(encoding="utf-8").splitlines():
            expected, _, name = line.partition("  ")
            assert hashlib.sha256((sums.parent / name).read_bytes()).hexdigest() == expected, sums.parent / name
    assert all((path / "SHA256SUMS").is_file() for path in root.glob("checkpoints/*/*/interval-*"))
    if (root / "table.csv").exists():
        text = (root / "table.csv").read_text(encoding="utf-8")
        assert text.endswith("\n")
        assert len({line.count(",") for line in text.splitlines()}) == 1
    if (root / "table.parquet").exists():
        assert pandas.read_parquet(root / "table.parquet").shape[0] > 0
    if (root / "statistics.json").exists():
        json.loads((root / "statistics.json").read_text(encoding="utf-8"))
    json.loads((root / "manifest.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("point", "occurrence"),
    [
        (Point.STEP_TAKEN, 10),
        (Point.EVALUATED, 3),
        (Point.RESUME_STAGED, 3),
        (Point.WEIGHTS_WRITTEN, 3),
        (Point.CHECKPOINT_STAGED, 3),
        (Point.RECORD_CHECKED, 3),
        (Point.COMMITTING, 3),
        (Point.COMMITTED, 3),
        (Point.ATTEMPT_BEGUN, 2),
        (Point.OUTCOME_NOTED, 1),
        (Point.RUNS_ENDED, 1),
        (Point.TABLE_WRITTEN, 1),
    ],
)
def test_experiment_on_a_full_disk_pauses_and_goes_on_when_there_is_room(
    point: Point,
    occurrence: int,
    small_disk: Path,
    experiment_at: Callable[..., Any],
    fault: Callable[..., Any],
    undisturbed: Callable[..., Any],
) -> None:
    filler = small_disk / "filler"
    disturbed = experiment_at(small_disk)

    paused = disturbed.start(fault("fill disk", point, occurrence, filler=str(filler)))
    require_nothing_half_written(disturbed.root)
    filler.unlink()
    resumed = disturbed.resume()

    assert paused.exit_code == 3, paused.output
    assert "disk is full" in paused.output or "full disk" in paused.output
    assert resumed.exit_code == 0, resumed.output
    assert disturbed.learning_rows() == undisturbed()


@pytest.mark.parametrize("room_bytes", [20_000, 60_000, 100_000, 140_000, 180_000, 220_000])
def test_disk_that_fills_up_in_the_middle_of_a_file_leaves_nothing_half_written(
    room_bytes: int,
    small_disk: Path,
    experiment_at: Callable[..., Any],
    fault: Callable[..., Any],
    undisturbed: Callable[..., Any],
) -> None:
    filler = small_disk / "filler"
    disturbed = experiment_at(small_disk)

    paused = disturbed.start(fault("fill disk", Point.EVALUATED, 3, filler=str(filler), room_bytes=room_bytes))
    require_nothing_half_written(disturbed.root)
    filler.unlink()
    resumed = disturbed.resume()

    assert paused.exit_code == 3, paused.output
    assert "full disk" in paused.output or "disk is full" in paused.output
    assert resumed.exit_code == 0, resumed.output
    assert disturbed.learning_rows() == undisturbed()


@pytest.mark.slow
@pytest.mark.parametrize("point", [Point.EVALUATED, Point.RECORD_CHECKED])
def test_full_disk_under_ray_pauses_every_run(
    point: Point,
    small_disk: Path,
    experiment_at: Callable[..., Any],
    fault: Callable[..., Any],
    undisturbed: Callable[..., Any],
) -> None:
    filler = small_disk / "filler"
    disturbed = experiment_at(small_disk)

    paused = disturbed.start(fault("fill disk", point, 3, filler=str(filler)), ray=True)
    require_nothing_half_written(disturbed.root)
    filler.unlink()
    resumed = disturbed.resume()

    assert paused.exit_code == 3, paused.output
    assert "full disk" in paused.output or "disk is full" in paused.output
    assert resumed.exit_code == 0, resumed.output
    assert disturbed.learning_rows() == undisturbed()


def test_disk_that_is_full_from_the_start_is_refused_before_anything_is_made(
    small_disk: Path, experiment: Callable[..., Any], experiment_at: Callable[..., Any]
) -> None:
    (small_disk / "filler").write_bytes(bytes(24 * 2**20 - 64 * 2**10))
    refused = experiment_at(small_disk)

    ended = refused.start()

    assert ended.exit_code == 2, ended.output
    assert "of disk" in ended.output
    assert sorted(small_disk.iterdir()) == [small_disk / "filler"]
