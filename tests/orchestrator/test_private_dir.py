"""A private directory is its owner's alone and outlives nobody."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.private_dir import private_dir, remove_abandoned


@pytest.fixture
def dead_pid() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_nobody_else_may_enter(tmp_path: Path) -> None:
    with private_dir(tmp_path) as directory:
        assert directory.stat().st_mode & 0o777 == 0o700


def test_name_tells_the_process(tmp_path: Path) -> None:
    with private_dir(tmp_path) as directory:
        assert directory.name.startswith(f"seedscope-{os.getpid()}-")


def test_two_at_once_are_different(tmp_path: Path) -> None:
    with private_dir(tmp_path) as one, private_dir(tmp_path) as other:
        assert one != other
        assert one.is_dir()


def test_directory_is_removed_with_all_it_holds(tmp_path: Path) -> None:
    with private_dir(tmp_path) as directory:
        (directory / "logs").mkdir()
        (directory / "logs" / "raylet.out").write_text("much")

    assert list(tmp_path.iterdir()) == []


def test_directory_is_removed_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), private_dir(tmp_path):
        raise KeyError("anything")

    assert list(tmp_path.iterdir()) == []


def test_directory_of_a_dead_process_is_removed_by_the_next(tmp_path: Path, dead_pid: int) -> None:
    abandoned = tmp_path / f"seedscope-{dead_pid}-abcdefgh"
    (abandoned / "logs").mkdir(parents=True)

    with private_dir(tmp_path):
        assert not abandoned.exists()


def test_directory_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    living = tmp_path / f"seedscope-{os.getpid()}-abcdefgh"
    living.mkdir()

    remove_abandoned(tmp_path)

    assert living.is_dir()


@pytest.mark.parametrize("name", ["seedscope-runs", "seedscope-mine-2", "ray", "seedscope--x", "seedscope-notes-1"])
def test_whatever_is_not_named_so_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()

    remove_abandoned(tmp_path)

    assert (tmp_path / name).is_dir()


def test_link_is_not_followed(tmp_path: Path, dead_pid: int) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "precious").mkdir(parents=True)
    (tmp_path / f"seedscope-{dead_pid}-abcdefgh").symlink_to(elsewhere)

    remove_abandoned(tmp_path)

    assert (elsewhere / "precious").is_dir()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory to another user")
def test_directory_of_another_user_is_left_alone(tmp_path: Path, dead_pid: int) -> None:
    others = tmp_path / f"seedscope-{dead_pid}-abcdefgh"
    others.mkdir()
    os.chown(others, 12345, 12345)

    remove_abandoned(tmp_path)

    assert others.is_dir()
