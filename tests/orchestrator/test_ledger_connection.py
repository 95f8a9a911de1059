"""A ledger's file is kept in the way that its file system can bear."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from orchestrator.file_system import is_on_network
from orchestrator.ledger import Ledger, reading_ledger
from orchestrator.ledger_connection import connect
from workers.records import IntervalRecord, RunId

RUN = RunId("base", 1)
Mounts = Callable[..., None]


class Mount(NamedTuple):
    """What psutil tells of a mounted file system."""

    mountpoint: str
    fstype: str


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> Mounts:
    """A function that has the operating system tell of certain mounts: network ones cannot be made here."""

    def tell(*mounts: tuple[Path, str]) -> None:
        told = [Mount("/", "ext4"), *(Mount(str(place), kind) for place, kind in mounts)]
        monkeypatch.setattr(psutil, "disk_partitions", lambda all: told)  # noqa: A006, psutil's own name

    return tell


def _pragma(connection: sqlite3.Connection, name: str) -> object:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_local_file_has_a_write_ahead_log(tmp_path: Path, mounted: Mounts) -> None:
    mounted()

    connection = connect(tmp_path / "ledger.sqlite", is_reading=False)

    assert _pragma(connection, "journal_mode") == "wal"


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "lustre", "9p", "fuse.sshfs", "virtiofs"])
def test_file_on_the_network_has_none(tmp_path: Path, mounted: Mounts, kind: str) -> None:
    mounted((tmp_path, kind))

    connection = connect(tmp_path / "ledger.sqlite", is_reading=False)

    assert _pragma(connection, "journal_mode") == "delete"


def test_every_commit_is_synced(tmp_path: Path) -> None:
    connection = connect(tmp_path / "ledger.sqlite", is_reading=False)

    assert _pragma(connection, "synchronous") == 2  # FULL


def test_nothing_begins_a_transaction_but_ourselves(tmp_path: Path) -> None:
    assert connect(tmp_path / "ledger.sqlite", is_reading=False).isolation_level is None


def test_reader_neither_makes_a_file_nor_changes_how_it_is_kept(tmp_path: Path, mounted: Mounts) -> None:
    mounted((tmp_path, "nfs"))
    connect(tmp_path / "ledger.sqlite", is_reading=False).close()
    mounted()

    reader = connect(tmp_path / "ledger.sqlite", is_reading=True)

    assert _pragma(reader, "journal_mode") == "delete"
    with pytest.raises(sqlite3.OperationalError):
        connect(tmp_path / "missing.sqlite", is_reading=True).execute("PRAGMA user_version")


def test_ledger_on_the_network_does_all_that_a_local_one_does(
    tmp_path: Path, mounted: Mounts, make_record: Callable[..., IntervalRecord]
) -> None:
    mounted((tmp_path, "nfs"))
    path = tmp_path / "ledger.sqlite"
    Ledger.create(path, runs=(RUN,), clock=lambda: 1.0).close()
    writer = Ledger.open(path, clock=lambda: 1.0)

    writer.add_record(make_record(0), attempt=writer.begin_attempt(RUN, slot="a:0"))

    with reading_ledger(path) as reader:
        assert reader.records() == (make_record(0),)
    writer.close()
    assert [file.name for file in tmp_path.iterdir()] == ["ledger.sqlite"]


def test_local_ledger_that_was_moved_to_the_network_loses_its_log(tmp_path: Path, mounted: Mounts) -> None:
    path = tmp_path / "ledger.sqlite"
    mounted()
    local = connect(path, is_reading=False)
    before = _pragma(local, "journal_mode")
    local.close()
    mounted((tmp_path, "nfs4"))

    assert (before, _pragma(connect(path, is_reading=False), "journal_mode")) == ("wal", "delete")


def test_innermost_mount_decides(tmp_path: Path, mounted: Mounts) -> None:
    (tmp_path / "shared" / "scratch").mkdir(parents=True)
    mounted((tmp_path / "shared" / "scratch", "xfs"), (tmp_path / "shared", "nfs"))

    assert [is_on_network(tmp_path / name) for name in (".", "shared", "shared/scratch")] == [False, True, False]


def test_last_of_several_mounts_on_one_place_decides(tmp_path: Path, mounted: Mounts) -> None:
    mounted((tmp_path, "autofs"), (tmp_path, "nfs4"))

    assert is_on_network(tmp_path)


def test_place_with_the_beginning_of_a_mounts_name_is_another_place(tmp_path: Path, mounted: Mounts) -> None:
    (tmp_path / "sharedbox").mkdir()
    mounted((tmp_path / "share", "nfs"))

    assert not is_on_network(tmp_path / "sharedbox")


def test_link_into_the_network_is_followed(tmp_path: Path, mounted: Mounts) -> None:
    (tmp_path / "remote").mkdir()
    (tmp_path / "near").symlink_to(tmp_path / "remote")
    mounted((tmp_path / "remote", "nfs"))

    assert is_on_network(tmp_path / "near")


def test_file_system_of_this_machine_is_told() -> None:
    assert is_on_network(Path("/proc")) is False
