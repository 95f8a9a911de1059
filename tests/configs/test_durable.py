"""A reader never meets half of a file or directory, and a failed write leaves what was there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from configs.durable import move_directory_durably, sync_tree, write_bytes_durably

ROOT = Path(__file__).parents[2]

# The kernel refuses to let any file grow past 1,000 bytes: as on a full disk, some of the content is written first.
WRITE_ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from configs.durable import write_bytes_durably
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
try:
    write_bytes_durably(Path(sys.argv[1]), bytes(5_000))
except OSError:
    sys.exit(7)
"""


def test_file_that_holds_the_same_already_is_left_as_it_is(tmp_path):
    path = tmp_path / "file"
    write_bytes_durably(path, b"content")
    before = path.stat()

    write_bytes_durably(path, b"content")

    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_written_bytes_are_read_back(tmp_path):
    path = tmp_path / "file"

    write_bytes_durably(path, b"one")
    write_bytes_durably(path, b"two")

    assert path.read_bytes() == b"two"


def test_nothing_else_is_left_beside_the_file(tmp_path):
    write_bytes_durably(tmp_path / "file", b"content")

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.name == "nt", reason="limits on file sizes are POSIX")
def test_full_disk_leaves_the_old_content_and_no_partial_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    done = subprocess.run([sys.executable, "-c", WRITE_ON_A_FULL_DISK, str(path)], cwd=ROOT, check=False)

    assert done.returncode == 7
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_crash_before_the_move_leaves_the_old_content(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        write_bytes_durably(path, b"new")

    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_content_is_synced_before_it_is_moved_and_the_directory_after(tmp_path, monkeypatch):
    events = []
    sync, move = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (events.append("sync"), sync(descriptor)))
    monkeypatch.setattr(os, "replace", lambda *names: (events.append("move"), move(*names)))

    write_bytes_durably(tmp_path / "file", b"content")

    assert events == ["sync", "move", "sync"]


def test_missing_directory_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_bytes_durably(tmp_path / "nowhere" / "file", b"content")


def test_moved_directory_holds_its_files_under_the_new_name(tmp_path):
    partial = tmp_path / ".final.partial"
    (partial / "deep").mkdir(parents=True)
    (partial / "deep" / "file").write_bytes(b"content")

    move_directory_durably(partial, tmp_path / "final")

    assert (tmp_path / "final" / "deep" / "file").read_bytes() == b"content"
    assert not partial.exists()


def test_moved_directory_replaces_an_older_one(tmp_path):
    final, partial = tmp_path / "final", tmp_path / ".final.partial"
    for folder, name in ((final, "old"), (partial, "new")):
        folder.mkdir()
        (folder / name).touch()

    move_directory_durably(partial, final)

    assert [path.name for path in final.iterdir()] == ["new"]


def test_synced_tree_syncs_every_file_and_every_directory_in_it(tmp_path, monkeypatch):
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    for name in ("one", "deep/two", "deep/deeper/three"):
        (tmp_path / name).write_bytes(b"content")
    synced, sync = set(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (synced.add(os.fstat(descriptor).st_ino), sync(descriptor)))

    sync_tree(tmp_path)

    assert synced == {path.stat().st_ino for path in (tmp_path, *tmp_path.rglob("*"))}


def test_directory_is_synced_before_it_is_moved_and_its_parent_after(tmp_path, monkeypatch):
    partial, final = tmp_path / ".final.partial", tmp_path / "final"
    partial.mkdir()
    (partial / "file").write_bytes(b"content")
    inodes = {path.stat().st_ino: path.name for path in (partial, partial / "file", tmp_path)}
    events = []
    sync, move = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda number: (events.append(inodes[os.fstat(number).st_ino]), sync(number)))
    monkeypatch.setattr(os, "replace", lambda *names: (events.append("move"), move(*names)))

    move_directory_durably(partial, final)

    assert events == ["file", ".final.partial", "move", tmp_path.name]
