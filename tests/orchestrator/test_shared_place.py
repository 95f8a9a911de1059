"""What the driver leaves at the place that all nodes share, by which they tell whether they see the same."""

import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from configs.checkpoints import IN_RUN_DIRECTORY, CheckpointsConfig
from configs.errors import RunDirectoryError
from orchestrator.shared_place import left_marker
from workers.object_storage import ObjectStorage


def test_node_that_sees_the_same_directory_sees_the_marker_and_nothing_stays(tmp_path: Path) -> None:
    with left_marker(tmp_path / "run", checkpoints=IN_RUN_DIRECTORY) as marker:
        assert marker.why_unseen() == ""

    assert list(tmp_path.iterdir()) == []


def test_node_with_another_directory_under_the_same_name_is_told(tmp_path: Path) -> None:
    with left_marker(tmp_path / "run", checkpoints=IN_RUN_DIRECTORY) as marker:
        (tmp_path / marker.name).write_text("what another driver left")

        assert "the run directory is not the same place there" in marker.why_unseen()


def test_checkpoints_elsewhere_are_looked_for_there_alone(tmp_path: Path) -> None:
    elsewhere = CheckpointsConfig(uri=f"file://{tmp_path}/elsewhere")

    with left_marker(tmp_path / "run", checkpoints=elsewhere) as marker:
        assert marker.why_unseen() == ""
        other = replace(marker, place=ObjectStorage(f"file://{tmp_path}/another"))
        assert other.why_unseen() == f"checkpoints.uri=file://{tmp_path}/another is not the same place there"
        assert not (tmp_path / marker.name).exists()


def test_node_without_a_directory_that_runs_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()

    with left_marker(tmp_path / "run", checkpoints=IN_RUN_DIRECTORY, readable=(tmp_path / "model",)) as marker:
        assert marker.why_unseen() == ""
        (tmp_path / "model").rmdir()
        assert marker.why_unseen() == (
            f"{tmp_path / 'model'} cannot be read there; put it where every node has it under the same name"
        )


def test_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(RunDirectoryError, match="nothing can be written to /proc"),
        left_marker(Path("/proc/run"), checkpoints=IN_RUN_DIRECTORY),
    ):
        pass


@pytest.mark.parametrize("uri", [None, "file://{}/place"])
def test_what_a_killed_command_of_this_host_left_is_taken_back_by_the_next(tmp_path: Path, uri: str | None) -> None:
    place = tmp_path / "place"
    place.mkdir()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = platform.node()
    kept = [f".seedscope-{host}-{os.getpid()}-ab12", f".seedscope-not-{host}-{ended.pid}-ab12", ".seedscope-notes"]
    for name in (*kept, f".seedscope-{host}-{ended.pid}-ab12"):
        (place / name).touch()
    checkpoints = CheckpointsConfig(uri=uri and uri.format(tmp_path))

    with left_marker(place / "run", checkpoints=checkpoints):
        pass

    assert sorted(file.name for file in place.iterdir()) == sorted(kept)
